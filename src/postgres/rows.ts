/** The row of a statement that always answers one. */
export function firstRow<Row>({ rows }: { readonly rows: readonly Row[] }): Row {
  const [row] = rows;
  if (row === undefined) throw new Error('a statement answered no row');
  return row;
}
