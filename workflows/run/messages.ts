import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type {
  AckCommand,
  AddCommand,
  AddCommandAnswer,
  Answer,
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
  WriteDown,
  WriteDownAnswer,
} from '../../src/domain/run-messages.js';

/**
 * The messages of `runWorkflow`: updates where the caller needs an answer or must read its own write, signals for what happens
 * to a run, a query for operators. An update that is refused fails with one of `RUN_REFUSALS` as its type.
 */

export const openRunUpdate = defineUpdate<Answer<OpenRunAnswer>, [ToRun]>('openRun');
export const claimRunUpdate = defineUpdate<Answer<ClaimRunAnswer>, [ClaimRun]>('claimRun');
export const addCommandUpdate = defineUpdate<Answer<AddCommandAnswer>, [AddCommand]>('addCommand');
/** Update-with-Start under a session's workflow id: decides for each command whether it steers the live turn or is a further one. */
export const sendToSessionUpdate = defineUpdate<Answer<SendToSessionAnswer>, [SendToSession]>('sendToSession');
export const ackCommandUpdate = defineUpdate<Answer | undefined, [AckCommand]>('ackCommand');
export const finishCommandUpdate = defineUpdate<Answer | undefined, [FinishCommand]>('finishCommand');
export const cancelCommandUpdate = defineUpdate<Answer | undefined, [CancelCommand]>('cancelCommand');
export const finishRunUpdate = defineUpdate<Answer | undefined, [FinishRun]>('finishRun');
export const cancelRunUpdate = defineUpdate<Answer | undefined, [CancelRun]>('cancelRun');
export const requestRunnerJobUpdate = defineUpdate<Answer | undefined, [RequestRunnerJob]>('requestRunnerJob');
/** For what a sender could not write itself: answers when the workflow has written all that it decided. */
export const writeDownUpdate = defineUpdate<WriteDownAnswer, [WriteDown]>('writeDown');

export const leaseExpiredSignal = defineSignal<[LeaseExpired]>('leaseExpired');
export const runnerExitedSignal = defineSignal<[RunnerExited]>('runnerExited');

export const runStateQuery = defineQuery<RunStateView>('runState');
