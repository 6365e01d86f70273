import type { V1Job, V1Pod } from '@kubernetes/client-node';

/** One Job as the watch has it. */
export interface KnownJob {
  readonly name: string;
  job: V1Job | undefined;
  readonly pods: Map<string, V1Pod>;
  /** The newest Pod that was there, should it be gone. */
  lastPod: V1Pod | undefined;
  deleted: boolean;
  /** Something came since it was looked at. */
  changed: boolean;
  /** Its end was told. */
  told: boolean;
  lastWord: string;
  notBefore: number;
  withoutPodSince: number | undefined;
  /** When it has waited so long for a Pod, it is asked why. */
  askWhyAfterMs: number;
  podRefused: string | undefined;
  unexplainedSince: number | undefined;
}

/** The Job controller makes a Job's Pod within this, or says why not. */
const POD_EXPECTED_MS = 1_500;

const JOB_NAME = 'batch.kubernetes.io/job-name';

/** Jobs and Pods of two watches, brought together. Methods answer what changed. */
export class KnownJobs {
  readonly #jobs = new Map<string, KnownJob>();
  #hasJobs = false;
  #hasPods = false;

  /** Both were listed once: before that, a Job without a Pod may be one whose Pod was not heard of yet. */
  get complete(): boolean {
    return this.#hasJobs && this.#hasPods;
  }

  open(): KnownJob[] {
    return [...this.#jobs.values()].filter((known) => !known.told);
  }

  listJobs(jobs: readonly V1Job[]): KnownJob[] {
    const names = new Set(jobs.map((job) => job.metadata?.name));
    const gone = [...this.#jobs.values()].filter((known) => known.job !== undefined && !names.has(known.name));
    for (const known of gone) this.#delete(known);
    for (const job of jobs) this.setJob(job);
    this.#hasJobs = true;
    return [...this.#jobs.values()];
  }

  setJob(job: V1Job): KnownJob {
    const known = this.#of(job.metadata?.name ?? '');
    // A Job of the same name that is another one: begins anew.
    if (known.job !== undefined && known.job.metadata?.uid !== job.metadata?.uid) return this.#anew(job);
    known.job = job;
    known.changed = true;
    return known;
  }

  deleteJob(job: V1Job): KnownJob | undefined {
    const known = this.#jobs.get(job.metadata?.name ?? '');
    if (known === undefined) return undefined;
    known.job = job;
    this.#delete(known);
    return known;
  }

  listPods(pods: readonly V1Pod[]): KnownJob[] {
    const uids = new Set(pods.map((pod) => pod.metadata?.uid));
    for (const known of this.#jobs.values()) {
      for (const [uid] of known.pods) if (!uids.has(uid)) this.#dropPod(known, uid);
    }
    for (const pod of pods) this.setPod(pod);
    this.#hasPods = true;
    return [...this.#jobs.values()];
  }

  setPod(pod: V1Pod): KnownJob | undefined {
    const name = pod.metadata?.labels?.[JOB_NAME];
    if (name === undefined) return undefined;
    const known = this.#of(name);
    known.pods.set(pod.metadata?.uid ?? '', pod);
    known.lastPod = pod;
    known.changed = true;
    return known;
  }

  /** What it was last is kept: how its container ended stands there. */
  deletePod(pod: V1Pod): KnownJob | undefined {
    const known = this.#jobs.get(pod.metadata?.labels?.[JOB_NAME] ?? '');
    if (known === undefined) return undefined;
    known.lastPod = pod;
    this.#dropPod(known, pod.metadata?.uid ?? '');
    return known;
  }

  forget(known: KnownJob): void {
    if (this.#jobs.get(known.name) === known) this.#jobs.delete(known.name);
  }

  #dropPod(known: KnownJob, uid: string): void {
    known.pods.delete(uid);
    known.changed = true;
  }

  #delete(known: KnownJob): void {
    known.deleted = true;
    known.changed = true;
    if (known.told) this.forget(known);
  }

  #anew(job: V1Job): KnownJob {
    this.#jobs.delete(job.metadata?.name ?? '');
    return this.setJob(job);
  }

  #of(name: string): KnownJob {
    const there = this.#jobs.get(name);
    if (there !== undefined) return there;
    const known: KnownJob = {
      name,
      job: undefined,
      pods: new Map(),
      lastPod: undefined,
      deleted: false,
      changed: false,
      told: false,
      lastWord: '',
      notBefore: 0,
      withoutPodSince: undefined,
      askWhyAfterMs: POD_EXPECTED_MS,
      podRefused: undefined,
      unexplainedSince: undefined,
    };
    this.#jobs.set(name, known);
    return known;
  }
}
