import { readVaultConfig } from './config.ts'
import { startVault } from './service.ts'

await using vault = await startVault(readVaultConfig(process.env))
process.stdout.write(`The vault listens on ${vault.address}\n`)

await new Promise(resolve => {
  process.once('SIGTERM', resolve)
  process.once('SIGINT', resolve)
})
