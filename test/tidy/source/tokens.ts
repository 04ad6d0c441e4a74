/**
 * A small scanner for TypeScript text. It knows just enough of the language (comments, strings, templates,
 * regular expressions) to tell code from prose, so that a rule never fires on a word in a comment. It does not
 * parse: the rules look at neighbouring tokens.
 */

export interface Token {
  readonly kind: 'word' | 'number' | 'string' | 'regex' | 'punctuation' | 'comment';
  /** The text as written; for a string what stands between its quotes. */
  readonly text: string;
  /** 1-based. */
  readonly line: number;
}

/** After these words a slash begins a regular expression, not a division. */
const wordsBeforeRegex: ReadonlySet<string> = new Set(
  'return typeof case in of delete void throw new else do instanceof yield await'.split(' '),
);

const wordPattern = /[#\p{ID_Start}$_][\p{ID_Continue}$]*/uy;
const numberPattern = /[0-9][\w.]*/y;
const lineCommentPattern = /\/\/[^\n]*/y;
const blockCommentPattern = /\/\*[^]*?\*\//y;
const stringPattern = /'(?:\\[^]|[^'\\\n])*'|"(?:\\[^]|[^"\\\n])*"/y;
const regexPattern = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;
const templatePattern = /(?:\\[^]|\$(?!\{)|[^\\`$])*(`|\$\{)/y;
const punctuationPattern = /\.\.\.|=>|[^]/y;

/** Splits `text` into tokens. White space is dropped; everything else is kept in order. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  /** One number per open template substitution: how many braces are open inside it. */
  const substitutions: number[] = [];
  let position = 0;
  let line = 1;

  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position;
    return pattern.exec(text)?.[0];
  };
  const advance = (length: number): void => {
    for (let end = position + length; position < end; position += 1) if (text[position] === '\n') line += 1;
  };
  const push = (kind: Token['kind'], raw: string, shown: string = raw): void => {
    tokens.push({ kind, text: shown, line });
    advance(raw.length);
  };
  const pushTemplate = (): void => {
    const chunk = take(templatePattern) ?? text.slice(position);
    push('string', chunk, chunk.replace(/(`|\$\{)$/, ''));
    if (chunk.endsWith('${')) substitutions.push(0);
  };

  while (position < text.length) {
    const character = text[position] ?? '';
    if (/\s/.test(character)) {
      advance(1);
      continue;
    }
    const comment = take(lineCommentPattern) ?? take(blockCommentPattern);
    const string = take(stringPattern);
    const word = take(wordPattern);
    const number = take(numberPattern);
    const regex = mayBeginRegex(tokens) ? take(regexPattern) : undefined;
    if (comment !== undefined) push('comment', comment);
    else if (string !== undefined) push('string', string, string.slice(1, -1));
    else if (word !== undefined) push('word', word);
    else if (number !== undefined) push('number', number);
    else if (regex !== undefined) push('regex', regex);
    else if (character === '`') {
      advance(1);
      pushTemplate();
    } else if (character === '}' && substitutions.at(-1) === 0) {
      substitutions.pop();
      advance(1);
      pushTemplate();
    } else {
      const open = substitutions.length - 1;
      if (open >= 0 && character === '{') substitutions[open] = (substitutions[open] ?? 0) + 1;
      if (open >= 0 && character === '}') substitutions[open] = (substitutions[open] ?? 0) - 1;
      push('punctuation', take(punctuationPattern) ?? character);
    }
  }
  return tokens;
}

function mayBeginRegex(tokens: readonly Token[]): boolean {
  const previous = tokens.findLast((token) => token.kind !== 'comment');
  if (previous === undefined) return true;
  if (previous.kind === 'word') return wordsBeforeRegex.has(previous.text);
  return previous.kind === 'punctuation' && previous.text !== ')' && previous.text !== ']';
}
