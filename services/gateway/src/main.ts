import { readGatewayConfig } from './config.ts'
import { startGateway } from './service.ts'

await using gateway = await startGateway(readGatewayConfig(process.env))
process.stdout.write(`The gateway listens on ${gateway.address}\n`)

await new Promise(resolve => {
  process.once('SIGTERM', resolve)
  process.once('SIGINT', resolve)
})
