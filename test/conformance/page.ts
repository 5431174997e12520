import type { Outcomes, Result, Row } from './outcomes.ts'

/** docs/conformance.md, as Markdown. The same outcomes give the same text. */
export function conformancePage({ items, properties }: Outcomes): string {
  const all = [...items, ...properties]
  const sections = [...new Set(all.map(({ section }) => section))]
  return [
    '# Conformance',
    '',
    'What executions do, item by item, each shown by tests through REST and gRPC on a running stack.',
    'Written by `make conformance`; do not edit. Numbers are those of the behaviour that we follow, `D…` are',
    '[our own decisions](decisions.md).',
    '',
    table(
      ['', 'items', 'properties'],
      RESULTS.map((result) => [result, count(items, result), count(properties, result)]),
    ),
    ...sections.flatMap((section) => [
      '',
      `## ${section}`,
      '',
      table(
        ['item', 'behaviour', 'test', 'result'],
        all.filter((row) => row.section === section).map(cells),
      ),
    ]),
    '',
  ].join('\n')
}

const RESULTS: readonly Result[] = ['green', 'red', 'no test yet', 'decided otherwise', 'waits']

const count = (rows: readonly Row[], wanted: Result): string =>
  String(rows.filter(({ result }) => result === wanted).length)

const cells = ({ id, title, tests, result }: Row): string[] => [id, title, tests.join('; '), result]

/** Padded as prettier pads, so that `make check` has nothing to say about it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((row) => row.map(escape))
  const widths = head.map((_, index) => Math.max(3, ...lines.map((row) => width(row[index] ?? ''))))
  const pad = (row: readonly string[]): string =>
    `| ${row.map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - width(cell))).join(' | ')} |`
  const rule = `| ${widths.map((length) => '-'.repeat(length)).join(' | ')} |`
  return [pad(lines[0] ?? []), rule, ...lines.slice(1).map(pad)].join('\n')
}

const escape = (text: string): string =>
  text.replaceAll('|', '\\|').replaceAll('_', '\\_').replaceAll('*', '\\*').replaceAll('<', '&lt;')

/** Terminals and prettier count characters, not UTF-16 units. */
const width = (text: string): number => Array.from(text).length
