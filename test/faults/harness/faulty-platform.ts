/** An image of this name is refused for good. */
export const REFUSED_IMAGE = 'refused-by-the-platform';

/** Of a task's runner: what it works on, by a name that is the same in each game of a seed. */
export const OPERATION_VARIABLE = 'FAULT_OPERATION';
