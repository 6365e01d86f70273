import { request, type ClientRequest } from 'node:http';

const MARK = '"sentAt":';

/** Follows a stream of Server-Sent Events with as little work as can be: of each message only the time that stands in it is read. */
export class SseTail {
  private constructor(private readonly connection: ClientRequest) {}

  /** Resolves when the stream has begun. `onEvent` gets the `sentAt` of each message that has one. */
  static async open(url: string, token: string | undefined, onEvent: (sentAt: number) => void): Promise<SseTail> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return new Promise((resolve, reject) => {
      const connection = request(url, { headers }, (response) => {
        if (response.statusCode !== 200) return reject(new Error(`GET ${url}: ${response.statusCode}`));
        let rest = '';
        response.setEncoding('utf8').on('data', (part: string) => (rest = readMessages(rest + part, onEvent)));
        response.on('error', () => undefined);
        resolve(new SseTail(connection));
      });
      connection.on('error', reject).end();
    });
  }

  close(): void {
    this.connection.destroy();
  }
}

/** Answers the message that is not whole yet. */
function readMessages(text: string, onEvent: (sentAt: number) => void): string {
  const end = text.lastIndexOf('\n\n');
  if (end < 0) return text;
  for (let at = text.indexOf(MARK); at >= 0 && at < end; at = text.indexOf(MARK, at + 1)) {
    onEvent(Number.parseFloat(text.slice(at + MARK.length, at + MARK.length + 24)));
  }
  return text.slice(end + 2);
}
