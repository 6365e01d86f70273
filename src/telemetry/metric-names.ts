/** Every metric by its name in Prometheus, with what it counts. Labels hold words of ours only: no tenant, no name that somebody chose. */
export const METRICS = {
  agentrun_runs: 'Runs that have not ended, by status',
  agentrun_runs_ended_total: 'Runs that ended, by status and failure kind',
  agentrun_queue_tasks: 'Tasks that have not ended, by state',
  agentrun_queue_oldest_pending_seconds: 'Age of the oldest dispatched task that waits for a slot; 0 without one',
  agentrun_claim_latency_seconds: "From asking for an attempt's runner until it claimed",
  agentrun_steer_latency_seconds: 'From accepting a steer until it was shown to be delivered',
  agentrun_attempts_lost_total: 'Attempts that were given up, by reason',
  agentrun_lease_expiries_total: 'Attempts that were given up because their lease ran out',
  agentrun_events_appended_total: 'Events that were appended, by type',
  agentrun_http_request_duration_seconds: 'Requests by route; long polls and streams take as long as they are held',
} as const;

export type MetricName = keyof typeof METRICS;
