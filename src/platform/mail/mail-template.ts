/** A placeholder: `{{link}}`. */
const PLACEHOLDER = /\{\{([a-zA-Z]{1,40})\}\}/g;
/** A line that is a link and nothing else: `[Choose a password]({{link}})`. */
const LINK_LINE = /^\[([^[\]]{1,200})\]\((\{\{[a-zA-Z]{1,40}\}\})\)$/;
const SUBJECT_LINE = /^Subject: (\S.{0,300})$/;

export type Values = Readonly<Record<string, string>>;

/** A mail in one language: its subject, its paragraphs, and its HTML where that is not made from them. */
export interface MailTemplate {
  readonly subject: string;
  readonly paragraphs: readonly string[];
  readonly html: string | undefined;
}

/**
 * Reads a template: a line `Subject: …`, and paragraphs between blank lines.
 *
 * @returns `undefined` for a text without a subject or a paragraph
 */
export function readTemplate(text: string, html: string | undefined): MailTemplate | undefined {
  const [first = '', ...rest] = text
    .replaceAll('\r\n', '\n')
    .replace(/^\uFEFF/, '')
    .split('\n');
  const subject = SUBJECT_LINE.exec(first)?.[1];
  const paragraphs = rest
    .join('\n')
    .split(/\n\n+/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return subject === undefined || paragraphs.length === 0 ? undefined : { subject, paragraphs, html };
}

/** The names of the placeholders in a text. */
export function placeholdersIn(text: string): string[] {
  return [...text.matchAll(PLACEHOLDER)].map(([, name = '']) => name);
}

/** One line, whatever the values are: a line break would begin another header. */
export function renderSubject({ subject }: MailTemplate, values: Values): string {
  return fill(subject, values, (value) => value.replaceAll(/\p{Cc}+/gu, ' '));
}

/** Ends in a signature (RFC 3676, section 4.3), as no layout says whose mail it is. */
export function renderText({ paragraphs }: MailTemplate, values: Values): string {
  const parts = paragraphs.map((paragraph) => fill(LINK_LINE.exec(paragraph)?.[2] ?? paragraph, values, String));
  return `${[...parts, `-- \n${values['service']}`].join('\n\n')}\n`;
}

/** @param layout the page that the paragraphs are put into, in the place of `{{content}}` */
export function renderHtml(template: MailTemplate, layout: string, values: Values): string {
  if (template.html !== undefined) return fill(template.html, values, escapeHtml);
  // Filled before insertion, so that placeholders inside values stay as they are.
  const content = template.paragraphs.map((paragraph) => htmlOf(paragraph, values)).join('\n');
  const [before = '', ...after] = layout.split('{{content}}');
  return [before, ...after].map((part) => fill(part, values, escapeHtml)).join(content);
}

function htmlOf(paragraph: string, values: Values): string {
  const link = LINK_LINE.exec(paragraph);
  if (link === null) return `<p>${fill(escapeHtml(paragraph), values, escapeHtml).replaceAll('\n', '<br>\n')}</p>`;
  const [, label = '', placeholder = ''] = link;
  const href = fill(placeholder, values, escapeHtml);
  return `<p><a class="button" href="${href}">${fill(escapeHtml(label), values, escapeHtml)}</a></p>\n<p class="address"><a href="${href}">${href}</a></p>`;
}

function fill(text: string, values: Values, written: (value: string) => string): string {
  return text.replaceAll(PLACEHOLDER, (_, name: string) => written(values[name] ?? ''));
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
