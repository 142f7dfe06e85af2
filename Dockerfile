# syntax=docker/dockerfile:1

# What the build needs, and the built application.
FROM node:24-alpine AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY nest-cli.json tsconfig.json tsconfig.build.json prisma.config.ts ./
COPY prisma ./prisma
COPY scripts/assemble-schema.mjs ./scripts/assemble-schema.mjs
COPY src ./src
RUN npm run build

# What the application needs to run.
FROM node:24-alpine AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# The Prisma CLI and TypeScript are optional peers of the client: it runs without them.
RUN npm ci --omit=dev --omit=optional

FROM node:24-alpine
# Threads for a password hash on each of up to 15 cores, and one for everything else.
ENV NODE_ENV=production UV_THREADPOOL_SIZE=16
WORKDIR /app
COPY package.json ./
COPY --from=dependencies /app/node_modules ./node_modules
# The faster argon2, which is optional too.
COPY --from=build /app/node_modules/@node-rs ./node_modules/@node-rs
COPY prisma ./prisma
COPY scripts/ensure-built.mjs ./scripts/ensure-built.mjs
COPY --from=build /app/dist ./dist
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "dist/commands/uma.js", "health"]
CMD ["node", "dist/main.js"]
