/** A name or a text from outside, for one line of a terminal: what would move its cursor or turn its letters about becomes `?`. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, '?');
