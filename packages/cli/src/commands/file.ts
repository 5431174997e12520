import { createReadStream } from 'node:fs'
import { basename, resolve } from 'node:path'
import { Readable } from 'node:stream'
import type { FileRecord } from '@millrace/client'
import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { byWhat, parseCount } from '../parse-option.ts'
import { renderTable } from '../render/table.ts'
import { formatTime } from '../render/time.ts'
import { writeWhole } from '../write-whole.ts'

export function addFileCommands(program: Command, context: Context): void {
  const file = program.command('file').description('contents that flows and connections use')

  file
    .command('list')
    .description('list files by name')
    .argument('[prefix]', 'only those whose names begin so')
    .option('-n, --limit <count>', 'no more than this many', parseCount, 50)
    .option('--cursor <cursor>', 'go on where a page ended')
    .action(async (prefix: string | undefined, options: { limit: number; cursor?: string }) => {
      const page = await (
        await context.client()
      ).files.list({
        order: 'name',
        limit: options.limit,
        cursor: options.cursor,
        ...(prefix !== undefined && {
          filter: { field: 'name', op: 'like', value: `${escapeLike(prefix)}%` },
        }),
      })
      context.print(page, () =>
        page.items.length === 0
          ? 'no files'
          : renderTable(
              ['NAME', 'BYTES', 'TYPE', 'MODIFIED'],
              page.items.map((one) => [
                one.name,
                String(one.size),
                one.content_type ?? '',
                formatTime(one.modified_at),
              ]),
            ),
      )
      if (page.next_cursor !== null)
        context.deps.io.err(`there are more: --cursor ${page.next_cursor}`)
    })

  file
    .command('put')
    .description('upload a file, in place of the one of that name')
    .argument('<path>', 'where it is here')
    .argument('[name]', 'its name there, such as reports/a.csv; default the last part of the path')
    .option('--type <type>', 'its content type', 'application/octet-stream')
    .action(async (path: string, name: string | undefined, options: { type: string }) => {
      const { files } = await context.client()
      const content = createReadStream(resolve(context.deps.cwd, path))
      content.on('error', () => undefined)
      const after = await files
        .write(name ?? basename(path), content, { by: 'name', contentType: options.type })
        .catch((error: unknown) => {
          throw content.errored === null ? error : cannot('read', path, content.errored)
        })
      context.print(after, () => render(after))
    })

  file
    .command('get')
    .description('print a text file, or download any')
    .argument('<file>', 'name or id')
    .option('--to <path>', 'write it there instead of printing it')
    .action(async (key: string, { to }: { to?: string }) => {
      const { files } = await context.client()
      const { cwd, interrupted, io } = context.deps
      if (to === undefined) return io.outAsIs(await files.readText(key, byWhat(key)))
      const content = Readable.from(await files.read(key, byWhat(key)))
      const bytes = await writeWhole(resolve(cwd, to), content, interrupted).catch(
        (error: unknown) => {
          if (!(error instanceof Error)) throw error
          throw 'syscall' in error ? cannot('write', to, error) : brokeOff(key, error)
        },
      )
      io.err(`${to}: ${bytes} bytes`)
    })

  file
    .command('delete')
    .description('put a file in the trash')
    .argument('<file>', 'name or id')
    .action(async (key: string) => {
      await (await context.client()).files.delete(key, byWhat(key))
    })
}

const render = (one: FileRecord): string => `${one.name}  ${one.size} bytes  sha256 ${one.hash}`

const escapeLike = (text: string): string => text.replaceAll(/[\\%_]/g, '\\$&')

const brokeOff = (key: string, { message }: Error): CliError =>
  new CliError(`the download of ${key} broke off (${message})`, { exitCode: EXIT.away })

function cannot(what: string, path: string, error: Error): CliError {
  const code = 'code' in error ? String(error.code) : error.message
  return new CliError(
    code === 'ENOENT' ? `no such file: ${path}` : `cannot ${what} ${path} (${code})`,
  )
}
