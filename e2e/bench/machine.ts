import { cpus, release, totalmem } from 'node:os'

/** What kind of machine this is, as far as figures depend on it. */
export const machineKind = (): string => {
  const processors = cpus()
  const model = processors[0]?.model.trim() ?? 'unknown'
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${processors.length} × ${model}, ${memory} GiB, Linux ${release()}, Node ${process.versions.node}`
}
