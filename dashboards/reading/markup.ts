/** Escapes for the languages that a campaign's own words end up in. Whatever a user named, it stays text. */
import { clean, scrub } from './format.ts';

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text for HTML and XML, in elements and in quoted attributes. */
export const escapeMarkup = (text: string): string => scrub(text).replace(/[&<>"']/g, (c) => entities[c]!);

/**
 * Text for Markdown (CommonMark §2.4: any ASCII punctuation may be escaped), in paragraphs and in cells of tables.
 * Angle brackets and ampersands become entities, since Markdown lets HTML through.
 */
export const escapeMarkdown = (text: string): string =>
  clean(text)
    .replace(/[\\`*{}[\]#|~]|(?<!\w)_|_(?!\w)/g, '\\$&')
    .replace(/[&<>]/g, (c) => entities[c]!)
    .replace(/^(\d+)([.)])(?=\s|$)/, '$1\\$2')
    .replace(/^([-+=])/, '\\$1')
    .replace(/\bhttps?:\/\//gi, (scheme) => scheme.replace('://', '\\://'));

/** A scalar for YAML front matter: JSON's strings are YAML's double-quoted ones (YAML 1.2 §7.3.1). */
export const yamlString = (text: string): string => JSON.stringify(clean(text));
