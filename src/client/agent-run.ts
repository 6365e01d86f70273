import { HttpClient, type HttpClientOptions } from './http-client.js';
import { Installation } from './installation.js';
import { Queues } from './queues.js';
import { Runs } from './runs.js';
import { Sessions } from './sessions.js';
import { Tasks } from './tasks.js';

/** A manager, by its HTTP contract, in Node and in browsers. What no method covers is asked for by `http`. */
export class AgentRun {
  readonly http: HttpClient;
  readonly runs: Runs;
  readonly sessions: Sessions;
  readonly tasks: Tasks;
  readonly queues: Queues;
  readonly installation: Installation;

  constructor(options: HttpClientOptions) {
    this.http = new HttpClient(options);
    this.runs = new Runs(this.http);
    this.sessions = new Sessions(this.http);
    this.tasks = new Tasks(this.http);
    this.queues = new Queues(this.http);
    this.installation = new Installation(this.http);
  }
}
