import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type {
  AckCommand,
  AddCommand,
  AddCommandAnswer,
  CancelCommand,
  CancelRun,
  ClaimRun,
  ClaimRunAnswer,
  FinishCommand,
  FinishRun,
  LeaseExpired,
  OpenRunAnswer,
  RequestRunnerJob,
  RunnerExited,
  RunStateView,
  SendToSession,
  SendToSessionAnswer,
  ToRun,
} from '../../src/domain/run-messages.js';

/**
 * The messages of `runWorkflow`: updates where the caller needs an answer or must read its own write, signals for what happens
 * to a run, a query for operators. An update that is refused fails with one of `RUN_REFUSALS` as its type.
 */

export const openRunUpdate = defineUpdate<OpenRunAnswer, [ToRun]>('openRun');
export const claimRunUpdate = defineUpdate<ClaimRunAnswer, [ClaimRun]>('claimRun');
export const addCommandUpdate = defineUpdate<AddCommandAnswer, [AddCommand]>('addCommand');
/** Update-with-Start under a session's workflow id: decides for each command whether it steers the live turn or is a further one. */
export const sendToSessionUpdate = defineUpdate<SendToSessionAnswer, [SendToSession]>('sendToSession');
export const ackCommandUpdate = defineUpdate<void, [AckCommand]>('ackCommand');
export const finishCommandUpdate = defineUpdate<void, [FinishCommand]>('finishCommand');
export const cancelCommandUpdate = defineUpdate<void, [CancelCommand]>('cancelCommand');
export const finishRunUpdate = defineUpdate<void, [FinishRun]>('finishRun');
export const cancelRunUpdate = defineUpdate<void, [CancelRun]>('cancelRun');
export const requestRunnerJobUpdate = defineUpdate<void, [RequestRunnerJob]>('requestRunnerJob');

export const leaseExpiredSignal = defineSignal<[LeaseExpired]>('leaseExpired');
export const runnerExitedSignal = defineSignal<[RunnerExited]>('runnerExited');

export const runStateQuery = defineQuery<RunStateView>('runState');
