import { Composer, type Document, Lexer, LineCounter, Parser } from 'yaml'
import { below, type Faults } from './field-error.ts'

/** A document as it was parsed, with where it stands. */
export interface ReadDocument {
  readonly document: Document.Parsed
  /** `/0` for the first. */
  readonly pointer: string
  readonly lines: LineCounter
}

/**
 * The documents of a text, one by one: nothing of the next is done before it is asked for. What cannot
 * be read, and what is over a limit, becomes a fault and is left out.
 */
export function* readDocuments(
  text: string,
  limits: { readonly documents: number; readonly tokens: number },
  faults: Faults,
): Generator<ReadDocument> {
  const lines = new LineCounter()
  const composer = new Composer({
    schema: 'core',
    // The parser compares every key with every other; who reads the document has a map.
    uniqueKeys: false,
    resolveKnownTags: false,
    logLevel: 'silent',
  })
  let index = 0
  try {
    for (const document of composer.compose(tokensOf(text, limits.tokens, lines))) {
      const pointer = below('', index)
      if (index >= limits.documents)
        throw new TooMuch(`has more than ${limits.documents} documents: import it in parts`)
      const problem = problemOf(document)
      if (problem === null) yield { document, pointer, lines }
      else faults.add({ pointer, message: problem.message, ...placeOf(lines, problem.at) })
      index += 1
    }
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error
    return faults.add({
      pointer: below('', index),
      message: error.message,
    })
  }
  if (index === 0) faults.add({ pointer: '', message: 'has no document' })
}

/** Thrown out of the parser's own generators, which have no other end. */
class TooMuch extends Error {
  override readonly name = 'TooMuch'
}

/** What takes the time is the number of tokens; a long text of one token is read in no time. */
function* tokensOf(
  text: string,
  max: number,
  lines: LineCounter,
): ReturnType<InstanceType<typeof Parser>['parse']> {
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  let count = 0
  for (const lexeme of new Lexer().lex(text)) {
    count = lexeme === DOCUMENT_START ? 0 : count + 1
    if (count > max)
      throw new TooMuch(
        `has more than ${max} words, marks and blanks: leave the largest values out`,
      )
    yield* parser.next(lexeme)
  }
  yield* parser.end()
}

/** The lexer's own sign for it. */
const DOCUMENT_START = '\u0002'

function problemOf(document: Document.Parsed): { message: string; at: number | null } | null {
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined)
    return { message: `is no YAML that can be read: ${problem.message}`, at: problem.pos[0] }
  return document.directives.yaml.version === '1.2'
    ? null
    : { message: 'must be YAML 1.2: leave the %YAML directive out', at: null }
}

export function placeOf(lines: LineCounter, at: number | null): { line?: number; column?: number } {
  if (at === null) return {}
  const { line, col } = lines.linePos(at)
  return { line, column: col }
}
