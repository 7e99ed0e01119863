// The test command: brings the peers that tests meet, runs every test, and closes with the totals. `--nightly` runs the
// attacks and faults at their full counts.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kubernetesTools, makeKubernetesTools } from '../charts/tools/kubernetes-tools.ts'
import { fetchKafka, kafkaJars } from '../packages/testing/src/kafka-jars.ts'
import { fetchPromtool, findPromtool } from '../packages/testing/src/promtool.ts'
import { startVitest } from 'vitest/node'
import { ClosingLine } from './closing-line.ts'
import { startSoak } from './soak.ts'

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
  { program: 'rsync', debianPackage: 'rsync', why: 'a program that runs over a session' },
  { program: 'faketime', debianPackage: 'faketime', why: 'services whose clocks are wrong' },
  { program: 'java', debianPackage: 'default-jre-headless', why: 'a real broker, Apache Kafka' },
  { program: 'mvn', debianPackage: 'maven', why: 'which fetches that broker' },
  { program: 'kcat', debianPackage: 'kcat', why: 'an independent subscriber of audit topics' },
  { program: 'nft', debianPackage: 'nftables', why: 'a kernel that enforces the chart’s network policies' },
  { program: 'ip', debianPackage: 'iproute2', why: 'addresses for that' },
  // Debian’s package of its TLS driver brings rsyslog itself.
  { program: 'rsyslogd', debianPackage: 'rsyslog-openssl', why: 'a real receiver of the audit trail' },
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

const prepareKafka = (): void => {
  if (!existsSync(kafkaJars())) console.log('Fetching Apache Kafka from Maven Central (45 MB) …')
  const problem = fetchKafka()
  if (problem) console.log(`Apache Kafka is missing: ${problem}. Its tests are skipped.`)
}

const prepareKubernetes = (): void => {
  if (!existsSync(kubernetesTools)) console.log('Compiling helm and kubeconform, which takes minutes, once …')
  const problem = makeKubernetesTools()
  if (problem) console.log(`Helm and kubeconform are missing: ${problem}. Their tests are skipped.`)
}

const preparePromtool = (): void => {
  if (!findPromtool()) console.log('Fetching promtool from Debian (20 MB), without installing it …')
  const problem = fetchPromtool()
  if (problem) console.log(`promtool is missing: ${problem}. Its tests are skipped.`)
}

preparePeers()
prepareKafka()
prepareKubernetes()
preparePromtool()
const nightly = process.argv.includes('--nightly')
const filters: string[] = process.argv.slice(2).filter(argument => argument !== '--nightly')
// Everything that tests leave behind goes with it, also what those left that were killed.
const directory = mkdtempSync(join(tmpdir(), 'sallyport-'))
// As the system's own: PostgreSQL and the accounts of targets are other users.
chmodSync(directory, 0o1777)
process.env['TMPDIR'] = directory
const figures = join(directory, 'figures.jsonl')
process.env['SALLYPORT_FIGURES'] = figures
if (nightly) process.env['SALLYPORT_NIGHTLY'] = '1'
// Tests start some hundred processes of ours, each of which would compile everything anew.
process.env['NODE_COMPILE_CACHE'] = join(import.meta.dirname, '../node_modules/.cache/compiled-code')
// It takes as long as everything else together; a part of the tests does without it.
const soak = filters.length === 0 ? startSoak(directory) : undefined
const vitest = await startVitest('test', filters, {
  run: true,
  watch: false,
  reporters: ['default', new ClosingLine(figures)],
})
await vitest.close()
await soak?.[Symbol.asyncDispose]()
try {
  rmSync(directory, { recursive: true, force: true })
} catch {
  // A disk that a killed test had mounted there is left to whoever finds it: the closing line stays the last.
}
