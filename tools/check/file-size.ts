import { isTest, type ProductFile } from './product-files.ts'

/** A file that needs a scrollbar twice holds two ideas: split it. No file is exempt. */
const LINES_MAX = 400
const TEST_LINES_MAX = 500

export function findFileSizeProblems(files: readonly ProductFile[]): readonly string[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.split('\n').length - 1
    const max = isTest(path) ? TEST_LINES_MAX : LINES_MAX
    return lines > max ? [`${path}: ${lines} lines, ${max} at most`] : []
  })
}
