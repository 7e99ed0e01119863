import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findSshd } from '@sallyport/targets/openssh'
import { startOpenSshTarget } from '@sallyport/targets/openssh-target'
import { startSmallTarget } from '@sallyport/targets/small-target'
import type { Target } from '@sallyport/targets/target'
import { type Platform, startPlatform } from '../platform.ts'
import { untilSignal } from '../signal.ts'
import type { Person } from './person.ts'
import { createReport, DemoFailure } from './report.ts'
import { tellStory } from './story.ts'

const help = `Usage: pnpm demo [--once]

Starts Sallyport in a directory of its own, does the main job on it in eight steps with real clients against a real
SSH server, shows what proves each step, and leaves it running until Ctrl-C.

  --once   stop at the end; exit code 0 only if every step was proved
  --help   this text
`

const startTarget = async (): Promise<Target> => {
  const sshd = await findSshd()
  // Only root may check the password of another account.
  return sshd && process.getuid?.() === 0 ? startOpenSshTarget(sshd) : startSmallTarget()
}

const demonstrate = async (once: boolean): Promise<void> => {
  const stop = untilSignal()
  const report = createReport(line => console.log(line))
  await using directory = await temporaryDirectory()
  console.log('Starting Sallyport …')
  await using platform = await startPlatform({
    dataDirectory: directory.path,
    host: '127.0.0.1',
    httpPort: 0,
    sshPort: 0,
    logLevel: 'error',
  })
  await using target = await startTarget()
  const initialPassword = platform.firstAdministrator?.initialPassword ?? ''
  const told = tellStory(platform, initialPassword, target, report)
  // A story that is interrupted fails somewhere, and nobody wants to know where.
  told.catch(() => {})
  const { admin } = await Promise.race([told, stop.then(interrupt)])
  console.log('\nAll eight steps were done, and proved.')
  if (once) return
  console.log(goesOn(platform, admin))
  await stop
}

const interrupt = (): never => {
  throw new DemoFailure('Interrupted')
}

/** This installation is gone at the end, so its administrator may be anybody who can read the terminal. */
const goesOn = ({ apiUrl, sshPort }: Platform, { userName, password, totpUri }: Person): string =>
  [
    '',
    'Sallyport goes on:',
    `  REST API       ${apiUrl}/v1 (documentation: ${apiUrl}/v1/docs)`,
    `  SSH proxy      port ${sshPort}`,
    `  sign in        pnpm --silent sign-in --api ${apiUrl} ${userName}`,
    `  password       ${password}`,
    `  second factor  ${totpUri}`,
    '',
    'Ctrl-C stops and removes everything.',
  ].join('\n')

const temporaryDirectory = async (): Promise<AsyncDisposable & { path: string }> => {
  const path = await mkdtemp(join(tmpdir(), 'sallyport-demo-'))
  await chmod(path, 0o711)
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Does what the command line says; sets the exit code. */
export const demo = async (): Promise<void> => {
  try {
    const { values } = parseArgs({ options: { once: { type: 'boolean' }, help: { type: 'boolean' } } })
    if (values.help) console.log(help)
    else await demonstrate(values.once ?? false)
  } catch (thrown) {
    // What failed first is the reason; that things did not stop cleanly afterwards comes second.
    for (const failure of thrown instanceof SuppressedError ? [thrown.suppressed, thrown.error] : [thrown]) {
      console.error(failure instanceof DemoFailure ? failure.message : failure)
    }
    process.exitCode = 1
  }
}
