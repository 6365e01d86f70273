/** Sentences about what should not be; none where all is well. */
export type Complaints = string[];
