// The test command: brings the peers that tests meet, runs every test, and closes with the totals.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { startVitest } from 'vitest/node'
import { ClosingLine } from './closing-line.ts'

type Peer = { readonly program: string; readonly debianPackage: string; readonly why: string }

const peers: readonly Peer[] = [
  { program: 'ssh', debianPackage: 'openssh-client', why: 'the client that people use' },
  {
    program: 'sshd',
    debianPackage: 'openssh-server',
    why: 'the target that sessions and rotations are tested on',
  },
  { program: 'tmux', debianPackage: 'tmux', why: 'a real terminal for full-screen programs' },
  { program: 'vi', debianPackage: 'vim-tiny', why: 'a full-screen program' },
  { program: 'top', debianPackage: 'procps', why: 'a full-screen program' },
  { program: 'sudo', debianPackage: 'sudo', why: 'rotation through an account that is not root' },
]

const directories: readonly string[] = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin']
const isInstalled = ({ program }: Peer): boolean =>
  directories.some(directory => existsSync(`${directory}/${program}`))

const install = (missing: readonly Peer[]): void => {
  const packages = missing.map(peer => peer.debianPackage)
  console.log(`Installing ${packages.join(', ')} …`)
  const apt = (...args: string[]): void => {
    execFileSync('apt-get', [...args, '-qq'], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  }
  try {
    apt('update')
    apt('install', '-y', '--no-install-recommends', ...packages)
  } catch {
    console.log('That did not work; the tests that need them are skipped.')
  }
}

const preparePeers = (): void => {
  const missing = peers.filter(peer => !isInstalled(peer))
  if (missing.length > 0 && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) install(missing)
  for (const peer of missing.filter(peer => !isInstalled(peer))) {
    console.log(
      `Missing: ${peer.program} (Debian: ${peer.debianPackage}), ${peer.why}. Its tests are skipped.`,
    )
  }
}

preparePeers()
const filters: string[] = process.argv.slice(2)
const vitest = await startVitest('test', filters, {
  run: true,
  watch: false,
  reporters: ['default', new ClosingLine()],
})
await vitest.close()
