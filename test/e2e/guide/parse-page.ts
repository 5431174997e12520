/** A page of the guide, as far as it is tried out: what to write and what to run, in order. */
export interface Page {
  /** Such as `locks.md`. */
  readonly name: string
  readonly steps: readonly Step[]
}

export type Step = FileStep | CommandStep

/** ` ```ts file=greet.ts `: the reader puts it into that file. */
export interface FileStep {
  readonly kind: 'file'
  readonly line: number
  readonly name: string
  readonly text: string
}

/** ` ```sh `: the reader types it. */
export interface CommandStep {
  readonly kind: 'command'
  /** Of its first command, from 1. */
  readonly line: number
  readonly text: string
  /** ` ```sh retry `: what it shows takes a moment to come true. */
  readonly isRetried: boolean
  /** The ` ```console ` below it; null: the page does not say what it prints. */
  readonly shown: { readonly line: number; readonly lines: readonly string[] } | null
}

/** A block: what stands behind the opening fence, and the lines up to the closing one. */
interface Block {
  readonly line: number
  readonly language: string
  readonly words: readonly string[]
  readonly lines: readonly string[]
}

/** What may stand behind `sh`. */
const BY_HAND = 'by-hand'
const RETRY = 'retry'
const FILE = /^file=(\w[\w.-]*)$/

/** Errors: `<page>:<line>: …` for a block of which it is not clear whether and how to try it out. */
export function parsePage(name: string, text: string): Page {
  const fail = (line: number, what: string): never => {
    throw new Error(`${name}:${line}: ${what}`)
  }
  const steps: Step[] = []
  let before: Block | null = null
  for (const block of blocksOf(text, fail)) {
    const step = stepOf(block, before, fail)
    if (block.language === 'console') {
      const command = steps.pop()
      if (command?.kind === 'command')
        steps.push({ ...command, shown: { line: block.line, lines: block.lines } })
    } else if (step !== null) steps.push(step)
    before = block
  }
  const blind = steps.find((step) => step.kind === 'command' && step.isRetried && !step.shown)
  if (blind !== undefined)
    fail(blind.line, `\`${RETRY}\` needs a \`console\` block below: tried until when?`)
  return { name, steps }
}

type Fail = (line: number, what: string) => never

function stepOf({ line, language, words, lines }: Block, before: Block | null, fail: Fail) {
  const text = `${lines.join('\n')}\n`
  const [word, ...more] = words
  if (more.length > 0) fail(line, `one word behind \`${language}\` at most`)
  if (language === '') fail(line, 'a block says what it is: sh, console, ts …')
  if (language === 'console') {
    if (word !== undefined) fail(line, `\`console ${word}\` means nothing`)
    if (before?.language !== 'sh' || before.words.includes(BY_HAND))
      fail(line, '`console` shows what the `sh` block before it prints, and there is none')
    return null
  }
  if (language === 'sh') {
    if (word === BY_HAND) return null
    if (word !== undefined && word !== RETRY)
      fail(line, `\`sh ${word}\` means nothing: \`sh\`, \`sh ${BY_HAND}\` or \`sh ${RETRY}\``)
    return { kind: 'command', line, text, isRetried: word === RETRY, shown: null } as const
  }
  if (word === undefined) return null
  const file =
    FILE.exec(word)?.[1] ?? fail(line, `\`${language} ${word}\` means nothing: file=name`)
  return { kind: 'file', line, name: file, text } as const
}

function blocksOf(text: string, fail: Fail): Block[] {
  const blocks: Block[] = []
  let open: { line: number; info: string; lines: string[] } | null = null
  for (const [index, line] of text.split('\n').entries()) {
    if (!/^\s*(?:```|~~~)/.test(line)) open?.lines.push(line)
    else if (!line.startsWith('```') || line.startsWith('````'))
      fail(index + 1, 'a fence is ``` at the beginning of a line: others are not looked at')
    else if (open === null) open = { line: index + 2, info: line.slice(3).trim(), lines: [] }
    else {
      if (line.trimEnd() !== '```') fail(index + 1, 'the block before this one does not end')
      const [language = '', ...words] = open.info.split(/\s+/)
      blocks.push({ line: open.line, language, words, lines: open.lines })
      open = null
    }
  }
  if (open !== null) fail(open.line - 1, 'the block does not end')
  return blocks
}
