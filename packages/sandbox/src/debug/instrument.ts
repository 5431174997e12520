import { parse } from 'acorn'
import type { AnyNode, BlockStatement, Program, TryStatement } from 'acorn'
import type { Insert } from '../module-shape.ts'
import {
  boundBy,
  childrenOf,
  declarationOf,
  declaredIn,
  hoistedIn,
  scopeOf,
  visibleNames,
} from './scopes.ts'
import type { Names, Scope } from './scopes.ts'
import { TextInserts } from './text-inserts.ts'

export interface InstrumentOptions {
  /** Null: every line can be stopped at and stepped to. Otherwise these alone, which costs less. */
  readonly lines: readonly number[] | null
  /** Expressions to evaluate where a line is stopped at. */
  readonly probe: { readonly line: number; readonly expressions: readonly string[] } | null
  /** The whole source is the handler's body. */
  readonly bare: boolean
  /** The name under which the code finds its debugger, and the one for the present call; both are free. */
  readonly hook: string
  readonly frame: string
}

export interface Instrumented {
  readonly code: string
  readonly inserts: readonly Insert[]
  /** The lines that can be stopped at, rising. */
  readonly lines: readonly number[]
}

/**
 * Puts a check before the first statement of every line, into every turn of a loop and every call of
 * a function, all on the lines where they are. The checks await nothing and read no variable unless
 * the line is stopped at, so that what the code does, and in which order, is the same with and
 * without them. Methods of the hook: `b` asks whether to stop, `s` stops, `g` ends what has been
 * stopped, `e` and `x` begin and end a call, `w` and `r` leave it and come back over an `await`, `y`
 * comes back over a `yield`.
 */
export function instrument(source: string, options: InstrumentOptions): Instrumented {
  const arrows: number[] = []
  const program = parse(source, {
    ecmaVersion: 'latest',
    sourceType: 'module',
    locations: true,
    allowAwaitOutsideFunction: true,
    allowReturnOutsideFunction: true,
    onToken: ({ type, end }) => {
      if (type.label === '=>') arrows.push(end)
    },
  })
  const inserts = new TextInserts(source)
  const lines = new Set<number>()
  const count = program.loc?.end.line ?? 1
  new Instrumenter(options, { arrows, inserts, lines }, count).program(program)
  return { ...inserts.apply(), lines: [...lines].toSorted((a, b) => a - b) }
}

/**
 * Every line names the variables that it sees, so in long sources they see fewer: the text is not to
 * grow with the square of its length.
 */
const READERS_MAX_CHARS = 600_000
const READER_CHARS = 24
const NAMES_MAX = 100
const NAMES_MIN = 8

interface Parts {
  /** Where the arrows of arrow functions end. */
  readonly arrows: readonly number[]
  readonly inserts: TextInserts
  readonly lines: Set<number>
}

/** Where a node is: what it sees, in which function. */
interface Inside {
  readonly scopes: readonly Scope[]
  readonly owner: object
  readonly hasThis: boolean
}

type FunctionNode = Extract<
  AnyNode,
  { type: 'FunctionDeclaration' | 'FunctionExpression' | 'ArrowFunctionExpression' }
>

type Loop = Extract<
  AnyNode,
  {
    type:
      'WhileStatement' | 'DoWhileStatement' | 'ForStatement' | 'ForInStatement' | 'ForOfStatement'
  }
>

class Instrumenter {
  readonly #options: InstrumentOptions
  readonly #parts: Parts
  /** Calls are followed, so that lines can be stepped to. */
  readonly #follows: boolean
  readonly #wanted: ReadonlySet<number> | null
  /** How many variables a line shows. */
  readonly #most: number

  /** `count`: how many lines the source has. */
  constructor(options: InstrumentOptions, parts: Parts, count: number) {
    this.#options = options
    this.#parts = parts
    this.#follows = options.lines === null
    this.#wanted = options.lines === null ? null : new Set(options.lines)
    const fair = Math.floor(READERS_MAX_CHARS / (READER_CHARS * (this.#wanted?.size ?? count)))
    this.#most = Math.min(NAMES_MAX, Math.max(NAMES_MIN, fair))
  }

  program(program: Program): void {
    const { bare, hook, frame } = this.#options
    const { variables, others } = declaredIn(program.body)
    const given = bare ? [{ name: 'inputs', start: -1 }] : []
    const names = { variables: [...given, ...variables, ...hoistedIn(program)], others }
    const scope = scopeOf(names, program)
    if (this.#follows) this.#before(0, `const ${frame}=${hook}.e(${bare ? '' : 'true'});`)
    this.#list(program.body, { scopes: [scope], owner: program, hasThis: false }, null)
    const last = program.body.at(-1)
    if (this.#follows && !bare && last !== undefined)
      this.#behind(last.end, `;${hook}.x(${frame});`)
  }

  /** `line`: that of what came before and is not to be stopped at twice; null when everything is new. */
  #list(statements: readonly AnyNode[], inside: Inside, line: number | null): void {
    let before = line
    for (const statement of statements) {
      const at = lineOf(statement)
      if (statement.type === 'BlockStatement') {
        this.#block(statement, inside, before)
        continue
      }
      if (isExecutable(statement) && at !== before) {
        this.#before(statement.start, this.#check(statement, inside))
        before = at
      }
      this.#visit(statement, inside)
    }
  }

  #block(block: BlockStatement, inside: Inside, line: number | null): void {
    this.#list(block.body, within(inside, declaredIn(block.body)), line)
  }

  #visit(node: AnyNode, inside: Inside): void {
    switch (node.type) {
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        return this.#function(node, inside)
      case 'ClassDeclaration':
      case 'ClassExpression': {
        const hidden = node.id === null || node.id === undefined ? [] : [node.id.name]
        const own = within(inside, { variables: [], others: hidden })
        return this.#children(node, { ...own, hasThis: true })
      }
      case 'StaticBlock': {
        return this.#list(node.body, within(inside, allIn(node, node.body)), null)
      }
      case 'BlockStatement':
        return this.#block(node, inside, null)
      case 'LabeledStatement':
        return node.body.type === 'BlockStatement'
          ? this.#block(node.body, inside, lineOf(node))
          : this.#visit(node.body, inside)
      case 'IfStatement':
        this.#visit(node.test, inside)
        this.#branch(node.consequent, inside, lineOf(node))
        if (node.alternate) this.#branch(node.alternate, inside, lineOf(node))
        return
      case 'WhileStatement':
      case 'DoWhileStatement':
      case 'ForStatement':
      case 'ForInStatement':
      case 'ForOfStatement':
        return this.#loop(node, inside)
      case 'TryStatement':
        return this.#try(node, inside)
      case 'SwitchStatement': {
        this.#visit(node.discriminant, inside)
        const own = within(inside, declaredIn(node.cases.flatMap(({ consequent }) => consequent)))
        for (const { test, consequent } of node.cases) {
          if (test) this.#visit(test, own)
          this.#list(consequent, own, lineOf(node))
        }
        return
      }
      case 'AwaitExpression':
      case 'YieldExpression':
        return this.#leaving(node, inside)
      default:
        return this.#children(node, inside)
    }
  }

  #loop(node: Loop, inside: Inside): void {
    const heads =
      node.type === 'ForStatement'
        ? [node.init, node.test, node.update]
        : 'left' in node
          ? [node.left, node.right]
          : [node.test]
    const [first] = heads
    const own = within(inside, declaredIn(first ? [first] : []))
    for (const head of heads) if (head) this.#visit(head, own)
    this.#turn(node.body, own)
  }

  #try(node: TryStatement, inside: Inside): void {
    const { block, handler, finalizer } = node
    this.#block(block, inside, lineOf(node))
    if (handler) {
      const own = within(inside, {
        variables: handler.param ? boundBy(handler.param) : [],
        others: [],
      })
      if (handler.param) this.#visit(handler.param, own)
      this.#block(handler.body, own, null)
    }
    if (finalizer) this.#block(finalizer, inside, null)
  }

  #children(node: AnyNode, inside: Inside): void {
    for (const child of childrenOf(node)) this.#visit(child, inside)
  }

  #branch(node: AnyNode, inside: Inside, line: number): void {
    if (node.type === 'BlockStatement') return this.#block(node, inside, line)
    const at = lineOf(node)
    const text = isExecutable(node) && at !== line ? this.#check(node, inside) : ''
    if (text !== '') this.#before(node.start, `{${text}`)
    this.#visit(node, inside)
    if (text !== '') this.#behind(node.end, '}')
  }

  /** The body of a loop: every turn has a check, so that none goes on that was stopped. */
  #turn(body: AnyNode, inside: Inside): void {
    const head = this.#follows ? '' : `${this.#options.hook}.g();`
    if (body.type === 'BlockStatement') {
      const isEmpty = !body.body.some(isExecutable)
      this.#before(body.start + 1, head + (isEmpty ? this.#check(body, inside) : ''))
      return this.#block(body, inside, null)
    }
    this.#before(body.start, `{${head}${this.#check(body, inside)}`)
    this.#visit(body, inside)
    this.#behind(body.end, '}')
  }

  #function(node: FunctionNode, outside: Inside): void {
    const { hook, frame } = this.#options
    const { body, params } = node
    const self = node.type === 'FunctionExpression' && node.id ? [node.id.name] : []
    const hasThis = node.type === 'ArrowFunctionExpression' ? outside.hasThis : true
    const bound = params.flatMap(boundBy)
    const around = { ...outside, owner: node, hasThis }
    const named = within(around, { variables: [], others: self })
    const inside = within(named, { variables: bound, others: [] })
    for (const param of params) this.#visit(param, inside)
    const begin = this.#follows ? `const ${frame}=${hook}.e();` : `${hook}.g();`
    const end = `}finally{${hook}.x(${frame})}`

    if (body.type !== 'BlockStatement') {
      const at = this.#parts.arrows.findLast((arrow) => arrow <= body.start) ?? body.start
      const check = this.#check(body, inside)
      this.#before(at, `{${begin}${this.#follows ? 'try{' : ''}${check}return (`)
      this.#visit(body, inside)
      return this.#behind(node.end, `)${this.#follows ? end : ''}}`)
    }
    const first = body.body.find((statement) => !isDirective(statement))
    if (first === undefined || !body.body.some(isExecutable)) return
    const hasEnd = this.#follows && !hasClash(body)
    const at = first === body.body[0] ? body.start + 1 : first.start
    this.#before(at, begin + (hasEnd ? 'try{' : ''))
    this.#list(body.body, within(inside, allIn(body, body.body)), null)
    if (hasEnd) this.#behind(body.end - 1, end)
  }

  /** `await x` becomes `r(f, await w(f, x))`. */
  #leaving(
    node: Extract<AnyNode, { type: 'AwaitExpression' | 'YieldExpression' }>,
    inside: Inside,
  ): void {
    const { argument } = node
    if (!this.#follows) {
      if (argument) this.#visit(argument, inside)
      return
    }
    const { hook, frame } = this.#options
    const back = node.type === 'AwaitExpression' ? 'r' : 'y'
    this.#before(node.start, `${hook}.${back}(${frame},`)
    if (argument) {
      const isList = argument.type === 'SequenceExpression'
      this.#before(argument.start, `${hook}.w(${frame},${isList ? '(' : ''}`)
      this.#visit(argument, inside)
      this.#behind(argument.end, isList ? '))' : ')')
    } else this.#behind(node.end, ` ${hook}.w(${frame})`)
    this.#behind(node.end, ')')
  }

  /** Whether to stop before a node. Empty where its line is not to be stopped at. */
  #check(node: AnyNode, { scopes, hasThis }: Inside): string {
    const line = lineOf(node)
    if (this.#wanted !== null && !this.#wanted.has(line)) return ''
    this.#parts.lines.add(line)
    const { hook, frame, bare, probe } = this.#options
    const { local, closure, module } = visibleNames(scopes, {
      at: node.start,
      most: this.#most,
      hasModule: !bare,
    })
    const groups = [hasThis ? [...local, 'this'] : local, closure, module].map(readersOf)
    if (probe?.line === line) groups.push(`[${probe.expressions.map(readerOf).join(',')}]`)
    return `${hook}.b(${line}${this.#follows ? `,${frame}` : ''})&&${hook}.s(${groups.join(',')});`
  }

  #before(at: number, text: string): void {
    this.#parts.inserts.before(at, text)
  }

  #behind(at: number, text: string): void {
    this.#parts.inserts.behind(at, text)
  }
}

function within(inside: Inside, names: Names): Inside {
  return { ...inside, scopes: [...inside.scopes, scopeOf(names, inside.owner)] }
}

/** What a function, or what stands for one, declares in its body. */
function allIn(node: AnyNode, body: readonly AnyNode[]): Names {
  const { variables, others } = declaredIn(body)
  return { variables: [...variables, ...hoistedIn(node)], others }
}

/** Each is read by itself, since reading one before its declaration throws. */
const readersOf = (names: readonly string[]): string =>
  `{${names.map((name) => `${name}:${readerOf(name)}`).join(',')}}`

const readerOf = (expression: string): string => `()=>(${expression})`

function isExecutable(node: AnyNode): boolean {
  switch (declarationOf(node).type) {
    case 'FunctionDeclaration':
    case 'EmptyStatement':
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return false
    case 'BlockStatement':
      return (node as BlockStatement).body.some(isExecutable)
    default:
      return !isDirective(node)
  }
}

function isDirective(node: AnyNode): boolean {
  return node.type === 'ExpressionStatement' && node.directive !== undefined
}

/** In a block, where `finally` would put them, functions may not share names as they may in a function. */
function hasClash(block: BlockStatement): boolean {
  const names = block.body.flatMap((node) =>
    node.type === 'FunctionDeclaration' ? [node.id.name] : [],
  )
  const variables = new Set(hoistedIn(block).map(({ name }) => name))
  return new Set(names).size < names.length || names.some((name) => variables.has(name))
}

function lineOf(node: AnyNode): number {
  return node.loc?.start.line ?? 1
}
