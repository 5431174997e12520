import { parse } from 'acorn'
import type {
  AnyNode,
  CallExpression,
  ExportDefaultDeclaration,
  ExportNamedDeclaration,
  ImportDeclaration,
  Node,
  Program,
} from 'acorn'
import { API_TYPES, API_VALUES } from './api-names.ts'
import { FlowSyntaxError } from './flow-syntax-error.ts'

/** A module taken apart: its text without `import` and `export`, every line where it was. */
export interface ModuleShape {
  readonly code: string
  /** Declarations of the imported names. */
  readonly imports: string
  /** The expression of the handler. */
  readonly handler: string
  readonly bare: boolean
  readonly awaits: boolean
  readonly identifiers: ReadonlySet<string>
  /** What was put into lines, so that columns can be told as the author counts them. */
  readonly inserts: readonly Insert[]
}

/** `length` characters were put before column `column`, counted from 0, of a line counted from 1. */
export interface Insert {
  readonly line: number
  readonly column: number
  readonly length: number
}

/**
 * Calls that are answered at once and come in numbers. Asking V8 for the line of each would be most
 * of what they cost, so the line is written into the call: `self.log(x)` is `$l(12,self).log(x)`.
 */
const MARKED: ReadonlySet<string> = new Set(['log', 'step', 'save', 'setOutput'])

export function moduleShape(source: string): ModuleShape {
  const program = parseModule(source)
  const edits: Edit[] = []
  const imports: string[] = []
  const exported = new Map<string, string>()
  let hasExports = false
  let declaresHandler = false
  for (const node of program.body) {
    if (node.type === 'ImportDeclaration') {
      imports.push(importText(node, source))
      edits.push(blank(node.start, node.end))
    } else if (node.type === 'ExportDefaultDeclaration') {
      hasExports = true
      exported.set('default', defaultExport(node, edits, source))
    } else if (node.type === 'ExportNamedDeclaration') {
      hasExports = true
      namedExports(node, edits, exported, source)
    } else if (node.type === 'ExportAllDeclaration') {
      throw errorAt(source, node.start, 'A flow cannot export another module')
    } else if (node.type === 'FunctionDeclaration' && node.id.name === 'handler')
      declaresHandler = true
  }
  const facts = inspect(program, source)
  edits.push(...facts.marks.map(({ start, text }) => ({ start, end: start, text })))
  edits.sort((a, b) => a.start - b.start)
  const asFunction = !hasExports && declaresHandler && facts.returns === null && !facts.awaits
  const bare = !hasExports && !asFunction
  const handler = asFunction ? 'handler' : (exported.get('default') ?? exported.get('handler'))
  if (!bare && handler === undefined) {
    throw new FlowSyntaxError(
      'The flow exports no handler: write "export default async function handler(system, self, inputs) { … }"',
      1,
      1,
    )
  }
  if (!bare && facts.returns !== null)
    throw errorAt(source, facts.returns, "'return' outside of function")
  return {
    code: applyEdits(source, edits),
    imports: imports.join(''),
    handler: handler ?? '',
    bare,
    awaits: facts.awaits,
    identifiers: facts.identifiers,
    inserts: facts.marks
      .map(({ line, column, text }) => ({ line, column, length: text.length }))
      .sort((a, b) => a.line - b.line || a.column - b.column),
  }
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

function parseModule(source: string): Program {
  try {
    return parse(source, {
      ecmaVersion: 'latest',
      sourceType: 'module',
      locations: true,
      allowAwaitOutsideFunction: true,
      allowReturnOutsideFunction: true,
    })
  } catch (error) {
    throw FlowSyntaxError.fromAcorn(error)
  }
}

function importText(node: ImportDeclaration, source: string): string {
  if (node.source.value !== '@millrace/flow-api') {
    throw errorAt(
      source,
      node.start,
      `Cannot import ${String(node.source.raw)}: a flow can import from '@millrace/flow-api' only`,
    )
  }
  let text = ''
  for (const specifier of node.specifiers) {
    if (specifier.type === 'ImportDefaultSpecifier') {
      throw errorAt(source, specifier.start, "'@millrace/flow-api' has no default export")
    }
    if (specifier.type === 'ImportNamespaceSpecifier') {
      text += `const ${specifier.local.name}=$api;`
      continue
    }
    const name =
      specifier.imported.type === 'Identifier'
        ? specifier.imported.name
        : String(specifier.imported.value)
    if (API_TYPES.has(name)) continue
    if (!API_VALUES.has(name))
      throw errorAt(source, specifier.start, `'@millrace/flow-api' exports no "${name}"`)
    text += `const ${specifier.local.name}=$api.${name};`
  }
  return text
}

/** Returns the name under which the rest of the module finds it. */
function defaultExport(node: ExportDefaultDeclaration, edits: Edit[], source: string): string {
  const { declaration } = node
  const isNamed =
    (declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration') &&
    declaration.id !== null
  if (isNamed) {
    edits.push(blank(node.start, declaration.start))
    return declaration.id?.name ?? '$default'
  }
  const keywords = /^export(?:\s|\/\*[^]*?\*\/|\/\/.*)*default/.exec(
    source.slice(node.start, declaration.start),
  )
  edits.push({
    start: node.start,
    end: node.start + (keywords?.[0].length ?? 14),
    text: ';$default=',
  })
  // What follows must not be read as a call of what was exported.
  edits.push({ start: node.end, end: node.end, text: ';' })
  return '$default'
}

function namedExports(
  node: ExportNamedDeclaration,
  edits: Edit[],
  exported: Map<string, string>,
  source: string,
): void {
  if (node.source !== null && node.source !== undefined) {
    throw errorAt(source, node.start, 'A flow cannot export from another module')
  }
  const { declaration } = node
  if (declaration === null || declaration === undefined) {
    for (const { local, exported: name } of node.specifiers) {
      if (local.type !== 'Identifier')
        throw errorAt(source, node.start, 'A text cannot be exported')
      exported.set(name.type === 'Identifier' ? name.name : String(name.value), local.name)
    }
    edits.push(blank(node.start, node.end))
    return
  }
  edits.push(blank(node.start, declaration.start))
  if (declaration.type === 'VariableDeclaration') {
    for (const { id } of declaration.declarations)
      if (id.type === 'Identifier') exported.set(id.name, id.name)
  } else exported.set(declaration.id.name, declaration.id.name)
}

interface Facts {
  identifiers: Set<string>
  /** An `await` outside of any function. */
  awaits: boolean
  /** The place of a `return` outside of any function. */
  returns: number | null
  marks: { start: number; line: number; column: number; text: string }[]
}

function inspect(program: Program, source: string): Facts {
  const facts: Facts = { identifiers: new Set(), awaits: false, returns: null, marks: [] }
  const todo: { node: AnyNode; inside: boolean }[] = [{ node: program, inside: false }]
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { node } = next
    const inside = next.inside || isFunction(node)
    if (node.type === 'Identifier') {
      if (node.name.startsWith('$default') || node.name === '$api' || node.name === '$l') {
        throw errorAt(source, node.start, `The name "${node.name}" is taken`)
      }
      facts.identifiers.add(node.name)
    } else if (node.type === 'CallExpression') mark(node, facts)
    else if (node.type === 'ImportExpression') {
      throw errorAt(
        source,
        node.start,
        "import() does not exist in a flow: import from '@millrace/flow-api' at the top",
      )
    } else if (node.type === 'MetaProperty' && node.meta.name === 'import') {
      throw errorAt(source, node.start, 'import.meta does not exist in a flow')
    } else if (!inside && isAwait(node)) facts.awaits = true
    else if (!inside && node.type === 'ReturnStatement') facts.returns ??= node.start
    for (const value of Object.values(node) as unknown[]) {
      if (Array.isArray(value)) {
        for (const item of value) if (isNode(item)) todo.push({ node: item, inside })
      } else if (isNode(value)) todo.push({ node: value, inside })
    }
  }
  return facts
}

function mark({ callee }: CallExpression, { marks }: Facts): void {
  if (callee.type !== 'MemberExpression' || callee.computed || callee.optional) return
  const { object, property } = callee
  if (object.type !== 'Identifier' || property.type !== 'Identifier') return
  const { loc } = object
  if (!MARKED.has(property.name) || loc === null || loc === undefined) return
  const { line } = loc.start
  marks.push({ start: object.start, line, column: loc.start.column, text: `$l(${line},` })
  marks.push({ start: object.end, line, column: loc.end.column, text: ')' })
}

function isAwait(node: AnyNode): boolean {
  if (node.type === 'ForOfStatement') return node.await
  if (node.type === 'VariableDeclaration') return node.kind === 'await using'
  return node.type === 'AwaitExpression'
}

function isFunction(node: AnyNode): boolean {
  return (
    node.type === 'FunctionDeclaration' ||
    node.type === 'FunctionExpression' ||
    node.type === 'ArrowFunctionExpression' ||
    node.type === 'StaticBlock' ||
    node.type === 'PropertyDefinition'
  )
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'
}

/** An empty statement, so that its neighbours do not become one. */
function blank(start: number, end: number): Edit {
  return { start, end, text: ';' }
}

/** Replaces ranges; what is shorter than its range is filled up with blanks and its line breaks. */
function applyEdits(source: string, edits: readonly Edit[]): string {
  let code = ''
  let at = 0
  for (const { start, end, text } of edits) {
    const rest = source.slice(start + text.length, end).replaceAll(/[^\n\r\u2028\u2029]/g, ' ')
    code += source.slice(at, start) + text + rest
    at = end
  }
  return code + source.slice(at)
}

function errorAt(source: string, at: number, message: string): FlowSyntaxError {
  const lines = source.slice(0, at).split(/\r\n|[\n\r\u2028\u2029]/)
  return new FlowSyntaxError(message, lines.length, (lines.at(-1)?.length ?? 0) + 1)
}
