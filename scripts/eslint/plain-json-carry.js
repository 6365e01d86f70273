// What a workflow hands to its next run goes through JSON: a Map, Set, Date, bigint, function or class instance arrives
// there as `{}`, a string or nothing, and no compiler says so. This rule reads the types of everything given to a call
// that never returns (`Promise<never>`: continueAsNew, makeContinueAsNewFunc's result, and our own wrappers of them).
import ts from 'typescript';

const LOST_IN_JSON = new Set(
  'Map Set WeakMap WeakSet ReadonlyMap ReadonlySet Date RegExp Promise ArrayBuffer Uint8Array Buffer'.split(' '),
);
const NOT_JSON = ts.TypeFlags.BigIntLike | ts.TypeFlags.ESSymbolLike;

/** Is this call's type `Promise<never>`, the mark of a call which hands over to the next run? */
function handsOver(checker, type) {
  if (type.getSymbol()?.name !== 'Promise') return false;
  const [answer] = checker.getTypeArguments(type);
  return answer !== undefined && (answer.flags & ts.TypeFlags.Never) !== 0;
}

/** The path to the first part of `type` that JSON would lose, as `state.seen: Set`, or undefined. */
function findLost(checker, type, at, seen = new Set()) {
  if (seen.has(type)) return undefined;
  seen.add(type);
  if (type.flags & NOT_JSON) return `${at}: ${checker.typeToString(type)}`;
  if (type.isUnionOrIntersection()) return firstLost(type.types, (part) => findLost(checker, part, at, seen));
  if (!(type.flags & ts.TypeFlags.Object)) return undefined;
  const name = type.getSymbol()?.name ?? '';
  if (LOST_IN_JSON.has(name) || type.isClass() || type.getCallSignatures().length > 0) {
    return `${at}: ${checker.typeToString(type)}`;
  }
  if (checker.isArrayType(type) || checker.isTupleType(type)) {
    return firstLost(checker.getTypeArguments(type), (item) => findLost(checker, item, `${at}[]`, seen));
  }
  const indexed = checker.getIndexInfosOfType(type).map((info) => ['*', info.type]);
  const named = checker.getPropertiesOfType(type).map((property) => [property.name, checker.getTypeOfSymbol(property)]);
  return firstLost([...named, ...indexed], ([key, inner]) => findLost(checker, inner, `${at}.${key}`, seen));
}

function firstLost(parts, find) {
  for (const part of parts) {
    const lost = find(part);
    if (lost !== undefined) return lost;
  }
  return undefined;
}

/** @type {import('eslint').Rule.RuleModule} */
export const plainJsonCarry = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { lost: 'Not plain JSON, so lost when the workflow continues as new: {{ lost }}' },
  },
  create(context) {
    const services = context.sourceCode.parserServices;
    const checker = services.program.getTypeChecker();
    return {
      CallExpression(node) {
        if (!handsOver(checker, services.getTypeAtLocation(node))) return;
        for (const argument of node.arguments) {
          const carried = argument.type === 'SpreadElement' ? argument.argument : argument;
          const lost = findLost(checker, services.getTypeAtLocation(carried), context.sourceCode.getText(carried));
          if (lost !== undefined) context.report({ node: argument, messageId: 'lost', data: { lost } });
        }
      },
    };
  },
};
