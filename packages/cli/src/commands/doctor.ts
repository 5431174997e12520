import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { renderDoctor } from '../render/doctor.ts'

export function addDoctorCommand(program: Command, context: Context): void {
  program
    .command('doctor')
    .description('prove that no execution stands still without a reason; exit code 1 if one does')
    .option('--repair', 'do again what a lost message should have had done')
    .action(async (options: { repair?: boolean }) => {
      const { doctor } = await context.client()
      const report = options.repair === true ? await doctor.repair() : await doctor.examine()
      context.print(report, () => renderDoctor(report))
      context.exitCode = report.healthy ? EXIT.success : EXIT.endedInError
    })
}
