/** Values that were held back for their size, and the text of the others. Pure. */

export interface Held {
  hash: string;
  size: number;
  preview: string | null;
}

/** `{"$blob": HASH, …}` or `{"$value": HASH, …}`; null for any other value. */
export function heldBack(value: unknown): Held | null {
  if (!value || typeof value !== 'object' || Array.isArray(value)) return null;
  const fields = value as Record<string, unknown>;
  const hash = fields['$blob'] ?? fields['$value'];
  if (typeof hash !== 'string') return null;
  return { hash, size: typeof fields['size'] === 'number' ? fields['size'] : 0, preview: typeof fields['preview'] === 'string' ? fields['preview'] : null };
}

export interface Token {
  kind: 'k' | 's' | 'n' | 'p' | '';
  text: string;
}

/** Pretty JSON as coloured pieces. */
export function tokensOf(json: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /("(?:\\.|[^"\\])*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)|([{}[\],])|(\s+)/g;
  for (const [all, text, colon, literal, mark] of json.matchAll(pattern)) {
    if (text) {
      tokens.push({ kind: colon ? 'k' : 's', text });
      if (colon) tokens.push({ kind: 'p', text: colon });
    } else tokens.push({ kind: literal ? 'n' : mark ? 'p' : '', text: all });
  }
  return tokens;
}
