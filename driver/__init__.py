"""Host driver: model import, compiler, link, device, Interpreter."""
