import { keepCompiledCode } from './compiled-code.ts'

keepCompiledCode()
const { start } = await import('./start.ts')
await start()
