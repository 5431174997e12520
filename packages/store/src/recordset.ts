/**
 * Rows for json_to_recordset. What is null is left out: it is null there without being named, and
 * Postgres reads every name anew in every row.
 */
export function recordset(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const lean = rows.map((row) => {
    const kept: Record<string, unknown> = {}
    for (const name in row) if (row[name] !== null) kept[name] = row[name]
    return kept
  })
  return JSON.stringify(lean)
}
