import type { TSchema } from 'typebox';
import * as aipod from '../contract/aipod-spec.js';
import { BackendList, BackendProfile } from '../contract/backend.js';
import { CommandAck, CommandCreate, CommandFinish, CommandList, CommandRecord } from '../contract/command.js';
import { Failure } from '../contract/envelope.js';
import { EventAppend, EventBatch, EventInput, EventPage, EventRecord } from '../contract/event.js';
import { RunExplanation, SessionExplanation, TimelineEntry } from '../contract/explanation.js';
import { Health } from '../contract/health.js';
import { Installation } from '../contract/installation.js';
import { ClaimedRun, ClaimRequest, LeaseRenewal, RenewedRun } from '../contract/lease.js';
import * as profile from '../contract/provider-profile.js';
import { QueueChanged, QueueCommander, QueueRecord, QueueStats, QueueUpdate } from '../contract/queue.js';
import * as result from '../contract/result.js';
import * as run from '../contract/run.js';
import * as runner from '../contract/runner.js';
import * as session from '../contract/session.js';
import * as send from '../contract/session-send.js';
import { TenantBudget, TenantBudgetDeleted, TenantBudgetUpdate } from '../contract/tenant-budget.js';
import * as webhook from '../contract/webhook.js';
import * as schedule from '../contract/schedule.js';
import * as task from '../contract/task.js';
import { ToolCredential, ToolCredentialList, ToolCredentialWrite } from '../contract/tool-credential.js';

/** The schemas that have a name of their own in the OpenAPI document. */
export const COMPONENT_SCHEMAS: Readonly<Record<string, TSchema>> = {
  ActionDescriptor: result.ActionDescriptor,
  ActiveSession: task.ActiveSession,
  Activity: result.Activity,
  AipodInput: aipod.AipodInput,
  AipodRendered: aipod.AipodRendered,
  AipodRenderRequest: aipod.AipodRenderRequest,
  AipodSpecApplied: aipod.AipodSpecApplied,
  AipodSpecDeleted: aipod.AipodSpecDeleted,
  AipodSpecRecord: aipod.AipodSpecRecord,
  AipodSpecSummary: aipod.AipodSpecSummary,
  AipodTemplate: aipod.AipodTemplate,
  BackendList,
  BackendProfile,
  CancelRequest: run.CancelRequest,
  ClaimedRun,
  ClaimRequest,
  CommandAck,
  CommandCreate,
  CommandFinish,
  CommandList,
  CommandRecord,
  EventAppend,
  EventBatch,
  EventInput,
  EventPage,
  EventRecord,
  ExecutionPolicy: run.ExecutionPolicy,
  Failure,
  Health,
  Installation,
  LeaseRenewal,
  LeaseState: result.LeaseState,
  Liveness: result.Liveness,
  ProfileConfig: profile.ProfileConfig,
  ProfileConfigWrite: profile.ProfileConfigWrite,
  ProfileCredential: profile.ProfileCredential,
  ProfileCredentialWrite: profile.ProfileCredentialWrite,
  ProfileRemoved: profile.ProfileRemoved,
  ProfileValidation: profile.ProfileValidation,
  ProfileValidationCreate: profile.ProfileValidationCreate,
  ProviderProfile: profile.ProviderProfile,
  ProviderProfileList: profile.ProviderProfileList,
  QueueChanged,
  QueueCommander,
  QueueRecord,
  QueueStats,
  QueueUpdate,
  RenewedRun,
  RetryPolicy: run.RetryPolicy,
  RunBase: send.RunBase,
  RunCreate: run.RunCreate,
  RunExplanation,
  RunFinish: run.RunFinish,
  RunnerJobCreate: runner.RunnerJobCreate,
  RunnerJobList: runner.RunnerJobList,
  RunnerJobRecord: runner.RunnerJobRecord,
  RunnerRecord: runner.RunnerRecord,
  RunnerRegister: runner.RunnerRegister,
  RunnerResources: runner.RunnerResources,
  RunnerRetentionAsk: runner.RunnerRetentionAsk,
  RunnerRetentionReport: runner.RunnerRetentionReport,
  RunRecord: run.RunRecord,
  RunResult: result.RunResult,
  ScheduleAction: schedule.ScheduleAction,
  ScheduleCreate: schedule.ScheduleCreate,
  ScheduleDeleted: schedule.ScheduleDeleted,
  ScheduleDetail: schedule.ScheduleDetail,
  ScheduleRecord: schedule.ScheduleRecord,
  ScheduleUpdate: schedule.ScheduleUpdate,
  SecretScope: run.SecretScope,
  SessionControl: session.SessionControl,
  SessionControlled: session.SessionControlled,
  SessionCreate: session.SessionCreate,
  SessionCreated: session.SessionCreated,
  SessionExplanation,
  SessionRecord: session.SessionRecord,
  SessionRef: run.SessionRef,
  SessionSend: send.SessionSend,
  SessionSendPlan: send.SessionSendPlan,
  SessionSent: send.SessionSent,
  SessionStorage: session.SessionStorage,
  SessionSummary: session.SessionSummary,
  SteerDelivery: result.SteerDelivery,
  StorageEvicted: session.StorageEvicted,
  StorageGcReport: session.StorageGcReport,
  StorageRefresh: session.StorageRefresh,
  StorageRefreshed: session.StorageRefreshed,
  TaskAttempt: task.TaskAttempt,
  TaskCreate: task.TaskCreate,
  TaskDetail: task.TaskDetail,
  TaskSummary: task.TaskSummary,
  TaskSupervisor: task.TaskSupervisor,
  TenantBudget,
  TenantBudgetDeleted,
  TenantBudgetUpdate,
  TerminalClassification: result.TerminalClassification,
  TimelineEntry,
  TimeoutBudget: result.TimeoutBudget,
  ToolCredential,
  ToolCredentialList,
  ToolCredentialWrite,
  Unavailable: session.Unavailable,
  WebhookCreate: webhook.WebhookCreate,
  WebhookDeleted: webhook.WebhookDeleted,
  WebhookDelivery: webhook.WebhookDelivery,
  WebhookPayload: webhook.WebhookPayload,
  WebhookRecord: webhook.WebhookRecord,
  WorkspaceRef: run.WorkspaceRef,
};
