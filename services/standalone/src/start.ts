import { help, parseOptions, type StandaloneOptions, UsageError } from './options.ts'
import { type Platform, startPlatform } from './platform.ts'
import { untilSignal } from './signal.ts'

/** What somebody needs to know to go on from here. */
const welcome = (platform: Platform, { dataDirectory }: StandaloneOptions): string => {
  const { apiUrl, sshHost, sshPort, firstAdministrator } = platform
  const lines = [
    'Sallyport is running.',
    '',
    `  REST API        ${apiUrl}/v1`,
    `  documentation   ${apiUrl}/v1/docs`,
    `  SSH proxy       ssh -p ${sshPort} 'you[account@device]'@${sshHost}`,
    `  its host key    ${platform.sshHostKeyFingerprint}`,
    `  data            ${dataDirectory}`,
    '',
  ]
  if (firstAdministrator) {
    lines.push(
      'This is the first start. Sign in as the administrator; this is shown once:',
      '',
      '  tenant          default',
      `  user            ${firstAdministrator.userName}`,
      `  password        ${firstAdministrator.initialPassword}`,
      '',
      'You will be asked for a new password and to enrol a second factor.',
      '',
    )
  }
  return [...lines, 'Ctrl-C stops everything.'].join('\n')
}

const run = async (options: StandaloneOptions): Promise<void> => {
  const stop = untilSignal()
  console.log('Starting …')
  await using platform = await startPlatform(options)
  console.log(welcome(platform, options))
  await stop
  console.log('\nStopping …')
}

/** Does what the command line says; sets the exit code. */
export const start = async (): Promise<void> => {
  try {
    const options = parseOptions(process.argv.slice(2), process.env)
    if (options) await run(options)
    else console.log(help)
  } catch (thrown) {
    console.error(thrown instanceof UsageError ? thrown.message : thrown)
    process.exitCode = 1
  }
}
