import type { Round } from '../harness/round.js';
import type { Complaints } from './complaints.js';

/** `seq` is whole, each event is there once, and none is missing whose append was answered. */
export async function checkEvents(round: Round): Promise<Complaints> {
  const { system, beganAt, acknowledged } = round;
  const holes = await system.query<{ id: string; events: number; highest: number; last_seq: number }>(
    `SELECT r.id, count(e.seq)::int AS events, coalesce(max(e.seq), 0)::int AS highest, s.last_seq::int AS last_seq
     FROM runs r JOIN run_streams s ON s.run_id = r.id LEFT JOIN run_events e ON e.run_id = r.id
     WHERE r.created_at >= $1 GROUP BY r.id, s.last_seq
     HAVING count(e.seq) <> s.last_seq OR coalesce(max(e.seq), 0) <> s.last_seq`,
    [beganAt],
  );
  const twice = await system.query<{ run_id: string; producer: string; client_seq: string }>(
    `SELECT run_id, producer, client_seq FROM run_events WHERE created_at >= $1 AND client_seq IS NOT NULL
     GROUP BY 1, 2, 3 HAVING count(*) > 1`,
    [beganAt],
  );
  const lost = await Promise.all(acknowledged.map(async ({ runId, texts }) => missing(round, runId, texts)));
  return [
    ...holes.map((run) => `run ${run.id} has ${run.events} events up to ${run.highest}, and counts ${run.last_seq}`),
    ...twice.map((event) => `run ${event.run_id}: ${event.producer}'s event ${event.client_seq} is there twice`),
    ...lost.flat(),
  ];
}

async function missing({ system }: Round, runId: string, texts: readonly string[]): Promise<Complaints> {
  const events = await system.query<{ text: string | null }>(
    `SELECT payload ->> 'text' AS text FROM run_events WHERE run_id = $1`,
    [runId],
  );
  const there = new Set(events.map(({ text }) => text));
  return texts
    .filter((text) => !there.has(text))
    .map((text) => `run ${runId}: the event ${text} was taken and is lost`);
}
