/** A page to look through the API, by Swagger UI, whose files it serves itself; loaded when it is first asked for. */
import Fastify, { type FastifyInstance } from 'fastify'

export function createDocsPage(description: () => string, routePrefix: string): () => Promise<FastifyInstance> {
  const open = async (): Promise<FastifyInstance> => {
    const [{ default: swagger }, { default: swaggerUi }] = await Promise.all([import('@fastify/swagger'), import('@fastify/swagger-ui')])
    const app = Fastify({ logger: false })
    await app.register(swagger, { mode: 'static', specification: { document: JSON.parse(description()) } })
    await app.register(swaggerUi, { routePrefix, staticCSP: true, uiConfig: { docExpansion: 'none', deepLinking: true } })
    await app.ready()
    return app
  }
  let opened: Promise<FastifyInstance> | null = null
  return () =>
    (opened ??= open().catch((error: unknown) => {
      opened = null
      throw error
    }))
}
