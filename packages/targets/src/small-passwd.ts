import type { ServerChannel } from 'ssh2'
import type { SmallAccount } from './small-target.ts'

/** The dialogue of Linux's `passwd`, in the C locale, for the account that is signed in. */
export const changePassword = (channel: ServerChannel, account: SmallAccount): void => {
  const answers: string[] = []
  const prompts = ['Current password: ', 'New password: ', 'Retype new password: ']
  let line = ''
  channel.on('error', () => {})
  channel.write(`Changing password for ${account.username}.\r\n${prompts[0]}`)
  channel.on('data', (chunk: Buffer) => {
    line += chunk.toString('utf8')
    for (
      let end = line.search(/[\r\n]/);
      end >= 0 && answers.length < prompts.length;
      end = line.search(/[\r\n]/)
    ) {
      answers.push(line.slice(0, end))
      line = line.slice(end + 1)
      const next = prompts[answers.length]
      channel.write(`\r\n${next ?? ''}`)
      if (next === undefined) finish(channel, account, answers)
    }
  })
}

const finish = (
  channel: ServerChannel,
  account: SmallAccount,
  [current, wanted, again]: readonly string[],
): void => {
  const right = current === account.password && wanted !== undefined && wanted === again
  if (right) account.password = wanted
  channel.write(
    right
      ? 'passwd: password updated successfully\r\n'
      : 'passwd: Authentication token manipulation error\r\n',
  )
  channel.exit(right ? 0 : 10)
  channel.end()
}
