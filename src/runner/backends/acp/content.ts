import type { ContentBlock } from '@agentclientprotocol/sdk';

/** A part of what is said, as text; a part that is none is named. */
export function contentText(block: ContentBlock): string {
  switch (block.type) {
    case 'text':
      return block.text;
    case 'resource_link':
      return `[${block.name}](${block.uri})`;
    case 'resource':
      return 'text' in block.resource ? block.resource.text : `[${block.resource.uri}]`;
    case 'image':
    case 'audio':
      return `[${block.type}]`;
  }
}
