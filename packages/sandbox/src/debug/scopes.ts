import type { AnyNode, Identifier, Node } from 'acorn'

/** A variable and where it is declared. */
export type Name = Pick<Identifier, 'name' | 'start'>

/** The names that one part of a source declares. */
export interface Names {
  readonly variables: readonly Name[]
  /** Functions, classes and imports: not shown, but they hide variables of the same name. */
  readonly others: readonly string[]
}

export interface Scope {
  /** In the order of their declarations. */
  readonly variables: readonly Name[]
  readonly all: ReadonlySet<string>
  /** The function that it is a part of. */
  readonly owner: object
}

export function scopeOf({ variables, others }: Names, owner: object): Scope {
  return {
    variables: variables.toSorted((a, b) => a.start - b.start),
    all: new Set([...variables.map(({ name }) => name), ...others]),
    owner,
  }
}

/** What a line sees, by where it was declared. Each name once, the innermost. */
export interface Visible {
  readonly local: readonly string[]
  readonly closure: readonly string[]
  readonly module: readonly string[]
}

/**
 * At most `most` names, the innermost and of those the ones declared last before the place `at`.
 * `scopes` has the outermost first, whose owner is the module when `hasModule`.
 */
export function visibleNames(
  scopes: readonly Scope[],
  { at, most, hasModule }: { readonly at: number; readonly most: number; hasModule: boolean },
): Visible {
  const visible = { local: [] as string[], closure: [] as string[], module: [] as string[] }
  const owner = scopes.at(-1)?.owner
  const module = hasModule ? scopes[0]?.owner : null
  const seen = new Set(['__proto__'])
  for (const [index, scope] of [...scopes.entries()].toReversed()) {
    const inner = scopes.slice(index + 1)
    const group = scope.owner === module ? 'module' : scope.owner === owner ? 'local' : 'closure'
    for (const { name } of lastBefore(scope.variables, at, most + 1 - seen.size)) {
      if (seen.has(name) || inner.some(({ all }) => all.has(name))) continue
      seen.add(name)
      visible[group].push(name)
    }
  }
  return visible
}

/** So many of a sorted list: those before a place, the last ones; if they are fewer, some after it too. */
function lastBefore(list: readonly Name[], at: number, count: number): readonly Name[] {
  if (count >= list.length) return list
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((list[middle]?.start ?? 0) < at) low = middle + 1
    else high = middle
  }
  const from = Math.max(0, low - count)
  return list.slice(from, from + count)
}

/** What a list of statements declares by itself: `let`, `const`, `using`, functions, classes, imports. */
export function declaredIn(statements: readonly AnyNode[]): Names {
  const variables: Name[] = []
  const others: string[] = []
  for (const statement of statements) {
    const node = declarationOf(statement)
    if (node.type === 'VariableDeclaration' && node.kind !== 'var')
      variables.push(...variablesOf(node))
    else if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') {
      if (node.id !== null) others.push(node.id.name)
    } else if (node.type === 'ImportDeclaration')
      others.push(...node.specifiers.map(({ local }) => local.name))
  }
  return { variables, others }
}

/** The statement that an export exports, or the statement itself. */
export function declarationOf(node: AnyNode): AnyNode {
  if (node.type === 'ExportNamedDeclaration') return node.declaration ?? node
  return node.type === 'ExportDefaultDeclaration' ? node.declaration : node
}

/** The names that `var` declares anywhere in it, functions apart. */
export function hoistedIn(root: AnyNode): Name[] {
  const names: Name[] = []
  const visit = (node: AnyNode): void => {
    if (node.type === 'VariableDeclaration' && node.kind === 'var') names.push(...variablesOf(node))
    for (const child of childrenOf(node)) if (!isOwnWorld(child)) visit(child)
  }
  visit(root)
  return names
}

/** The names that a pattern binds. */
export function boundBy(pattern: AnyNode): Name[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern]
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) =>
        boundBy(property.type === 'Property' ? property.value : property),
      )
    case 'ArrayPattern':
      return pattern.elements.flatMap((element) => (element === null ? [] : boundBy(element)))
    case 'AssignmentPattern':
      return boundBy(pattern.left)
    case 'RestElement':
      return boundBy(pattern.argument)
    default:
      return []
  }
}

export function childrenOf(node: AnyNode): AnyNode[] {
  const children: AnyNode[] = []
  for (const value of Object.values(node) as unknown[]) {
    if (Array.isArray(value)) {
      for (const item of value) if (isSyntax(item)) children.push(item)
    } else if (isSyntax(value)) children.push(value)
  }
  return children
}

function variablesOf(node: AnyNode): Name[] {
  if (node.type !== 'VariableDeclaration') return []
  return node.declarations.flatMap(({ id }) => boundBy(id))
}

/** Its `var`s are its own. */
function isOwnWorld(node: AnyNode): boolean {
  return /Function|StaticBlock/.test(node.type)
}

function isSyntax(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'
}
