/** A few calls of each resource, which are run as they stand; `api` and `id` are functions of the page's beginning. */
export const EXAMPLES: Readonly<Record<string, string>> = {
  health: `
curl -s localhost:8080/health/readiness
curl -s localhost:8080/metrics | grep '^agentrun_runs'`,

  installation: `
api GET /api/v1/installation     # who you are, and what this installation is`,

  backends: `
api GET /api/v1/backends`,

  runs: `
run=$(api POST /api/v1/runs '{"tenantId":"acme","projectId":"shop","backendProfile":"exec"}' | id)
api GET "/api/v1/runs/$run"
api GET '/api/v1/runs?status=pending&tenantId=acme&limit=10'
api GET "/api/v1/runs/$run/result"
api GET "/api/v1/runs/$run/explain"`,

  commands: `
command=$(api POST "/api/v1/runs/$run/commands" '{"type":"turn","payload":{"prompt":"echo one; sleep 1; echo two"},"idempotencyKey":"first"}' | id)
api GET "/api/v1/runs/$run/commands?state=open"
api GET "/api/v1/runs/$run/commands/$command/result"`,

  'runner-jobs': `
api GET "/api/v1/runs/$run/runner-jobs"
api GET "/api/v1/runs/$run/runner-jobs/$job"`,

  events: `
job=$(api POST "/api/v1/runs/$run/runner-jobs" '{}' | id)     # a runner: now the turn above begins
until api GET "/api/v1/runs/$run/commands/$command" | grep -q '"state":"completed"'; do sleep 0.2; done
api GET "/api/v1/runs/$run/events?afterSeq=0&limit=100"
api POST "/api/v1/runs/$run/cancel" '{"reason":"seen enough"}'
curl -sN "localhost:8080/api/v1/runs/$run/events/stream" -H "authorization: Bearer $token" -H 'last-event-id: 2'     # until the run has ended`,

  leases: `
other=$(api POST /api/v1/runs '{"tenantId":"acme","projectId":"shop","backendProfile":"exec"}' | id)
claimed=$(api POST "/api/v1/runs/$other/claim" '{"runnerId":"my-runner","leaseMs":60000}')      # data.runnerToken speaks for this run and attempt
api PATCH "/api/v1/runs/$other/lease" '{"runnerId":"my-runner","leaseMs":60000}'
api PATCH "/api/v1/runs/$other/status" '{"terminalStatus":"completed"}'`,

  runners: `
api POST /api/v1/runners/register "{\\"runnerId\\":\\"my-runner\\",\\"runId\\":\\"$other\\",\\"backendProfile\\":\\"exec\\",\\"placement\\":\\"elsewhere\\"}"
api POST /api/v1/runners/retention '{"dryRun":true}'`,

  'session-storage': `
api POST /api/v1/sessions '{"sessionId":"review-7","tenantId":"acme","projectId":"shop","backendProfile":"exec"}'
api GET /api/v1/sessions/review-7/storage
api POST /api/v1/sessions/storage/gc`,

  sessions: `
api POST /api/v1/sessions/review-7/send '{"prompt":"echo hello"}'     # a steer into its turn, a further turn, or a new run
api GET '/api/v1/sessions?state=active&readerId=me'
api GET '/api/v1/sessions/review-7?readerId=me'
api GET '/api/v1/sessions/review-7/trace?limit=50'
api POST /api/v1/sessions/review-7/read '{"readerId":"me"}'`,

  queue: `
task=$(api POST /api/v1/queue/tasks '{"tenantId":"acme","projectId":"shop","backendProfile":"exec","prompt":"true","title":"Nothing"}' | id)
api POST "/api/v1/queue/tasks/$task/dispatch"
api GET "/api/v1/queue/tasks/$task?readerId=me"
api GET '/api/v1/queue/tasks?queue=default&limit=10'
api PUT /api/v1/queue/queues/nightly '{"concurrency":2,"autoDispatch":true,"weights":{"acme":3}}'
api GET '/api/v1/queue/stats?queue=nightly'
api GET '/api/v1/queue/commander?readerId=me'
api PUT /api/v1/queue/budgets/acme '{"period":"day","maxTokens":5000000,"maxWallTimeMs":86400000}'
api GET /api/v1/queue/budgets/acme
api DELETE /api/v1/queue/budgets/acme`,

  'provider-profiles': `
api PUT /api/v1/provider-profiles/my-agent/config '{"kind":"acp","config":"command = [\\"my-agent\\"]"}'
api PUT /api/v1/provider-profiles/my-agent/credential '{"apiKey":"sk-of-yours-0123456789"}'     # shown nowhere, from here on
api GET /api/v1/provider-profiles/my-agent
api DELETE /api/v1/provider-profiles/my-agent`,

  'tool credentials': `
api GET /api/v1/tool-credentials/github-ssh`,

  'aipod-specs': `
curl -s --fail-with-body localhost:8080/api/v1/aipod-specs -H "authorization: Bearer $token" -H 'content-type: application/yaml' --data-binary @examples/aipod-specs/reviewer.yaml
api POST /api/v1/aipod-specs/reviewer/render '{"input":{"prompt":"git log --oneline -1"}}'
api GET /api/v1/aipod-specs/reviewer/versions`,

  webhooks: `
webhook=$(api POST /api/v1/queue/webhooks '{"tenantId":"acme","url":"https://hooks.example.com/agentrun","secret":"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}' | id)
api GET "/api/v1/queue/webhooks/$webhook/deliveries"
api DELETE "/api/v1/queue/webhooks/$webhook"`,

  schedules: `
api POST /api/v1/queue/schedules '{"scheduleId":"nightly-tests","cron":"0 3 * * *","timeZone":"Europe/Berlin","task":{"tenantId":"acme","projectId":"shop","backendProfile":"exec","prompt":"npm test"}}'
api PATCH /api/v1/queue/schedules/nightly-tests '{"paused":true}'
api DELETE /api/v1/queue/schedules/nightly-tests`,
};
