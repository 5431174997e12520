import { Document, Scalar, visit } from 'yaml'
import { EXECUTION_PROPERTIES } from './execution-properties.ts'

/** An execution's record, as the API shows it, with those it has started where they go along. */
export interface ExportNode {
  readonly record: Readonly<Record<string, unknown>>
  readonly children?: readonly ExportNode[]
}

/** How many levels of executions one document nests. */
export const LEVELS_MAX = 32

/**
 * One document as text, marker included: documents are joined by putting one after the other, so a
 * large export is written piece by piece. Properties without a value are left out. Throws RangeError
 * for a tree of more than 32 levels: its lower part is a document of its own.
 */
export function exportDocument(node: ExportNode): string {
  const document = new Document(
    { execution: toDocument(node, 1) },
    { aliasDuplicateObjects: false },
  )
  visit(document, { Scalar: quoteBlank })
  // Folding would break lines of scripts and messages that a reader wants to compare.
  return `---\n${document.toString({ lineWidth: 0 })}`
}

/** As a block, a text of nothing but blanks and breaks would come back without its blanks. */
function quoteBlank(_key: unknown, node: Scalar): void {
  if (typeof node.value === 'string' && /^[ \t\n]+$/.test(node.value))
    node.type = Scalar.QUOTE_DOUBLE
}

function toDocument({ record, children = [] }: ExportNode, level: number): object {
  if (level > LEVELS_MAX)
    throw new RangeError(
      `more than ${LEVELS_MAX} levels of executions: export the lower ones apart`,
    )
  const document: Record<string, unknown> = {}
  for (const { name, exported } of EXECUTION_PROPERTIES) {
    const value = record[name]
    if (exported && value !== null && value !== undefined) document[name] = value
  }
  if (children.length > 0)
    document['children'] = children.map((child) => toDocument(child, level + 1))
  return document
}
