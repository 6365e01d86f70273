export const bareActivities = {
  async nothing(): Promise<void> {},
};

export type BareActivities = typeof bareActivities;
