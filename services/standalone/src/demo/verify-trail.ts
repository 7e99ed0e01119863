import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Platform } from '../platform.ts'

const program = join(import.meta.dirname, '../../../audit/src/verify.ts')

/** Runs `audit verify` as the program of its own that it is. */
export const verifyTrail = async (
  platform: Pick<Platform, 'audit'>,
): Promise<{ intact: boolean; says: string }> => {
  const { databaseUrl, keyFile, checkpoints } = platform.audit
  const args = ['--conditions=source', program, '--key-file', keyFile, '--checkpoints', checkpoints]
  // In the environment of that one process: command lines are for everybody to read.
  const env = { ...process.env, SALLYPORT_AUDIT_VERIFY_DATABASE_URL: databaseUrl }
  const run = promisify(execFile)(process.execPath, args, { env })
  return run.then(
    ({ stdout }) => ({ intact: true, says: stdout.trim() }),
    (failure: { stdout?: string; stderr?: string }) => ({
      intact: false,
      says: `${failure.stdout ?? ''}${failure.stderr ?? ''}`.trim(),
    }),
  )
}
