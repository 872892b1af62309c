/** ANSI colours of a log line as spans. Other control sequences are left out. Pure. */

export interface Span {
  text: string;
  className: string;
}

const colours = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
// eslint-disable-next-line no-control-regex
const sequence = /\u001b\[([0-9;:]*)([A-Za-z])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[()][A-Z0-9]|[\u0000-\u0008\u000b-\u001a\u001c-\u001f]/g;

export function spansOf(line: string): Span[] {
  if (!line.includes('\u001b') && !/[\u0000-\u0008\u000b-\u001f]/.test(line)) return [{ text: line, className: '' }];
  const spans: Span[] = [];
  let colour = '';
  let bold = false;
  let dim = false;
  let from = 0;
  const push = (text: string) => {
    if (text) spans.push({ text, className: [colour && `ansi-${colour}`, bold && 'ansi-bold', dim && 'ansi-dim'].filter(Boolean).join(' ') });
  };
  for (const match of line.matchAll(sequence)) {
    push(line.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] !== 'm') continue;
    for (const code of (match[1] || '0').split(/[;:]/).map(Number)) {
      if (code === 0) [colour, bold, dim] = ['', false, false];
      else if (code === 1) bold = true;
      else if (code === 2) dim = true;
      else if (code === 22) [bold, dim] = [false, false];
      else if (code === 39) colour = '';
      else if (code >= 30 && code <= 37) colour = colours[code - 30] ?? '';
      else if (code >= 90 && code <= 97) colour = colours[code - 90] ?? '';
      else if (code === 38 || code === 48) break;
    }
  }
  push(line.slice(from));
  return spans;
}

export function plainText(line: string): string {
  return line.replace(sequence, '');
}
