import type { ResponseStream } from './response-stream.js';
import type { ReceivedRequest } from './wire.js';

/** What one request gets. It settles when nothing more will be written. */
export type Reply = (stream: ResponseStream) => void | Promise<void>;

/** Replies in order, or whatever a function makes of each request. A list that is used up answers with a fault. */
export type Script = readonly Reply[] | ((request: ReceivedRequest, index: number) => Reply | Promise<Reply>);
