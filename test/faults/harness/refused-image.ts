/** An image of this name is refused for good. */
export const REFUSED_IMAGE = 'refused-by-the-platform';
