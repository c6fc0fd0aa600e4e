"""The service's own pages, over HTTP: health, readiness and metrics. The one door to Starlette and uvicorn."""
