"""Host driver: model import, compiler, link, device, Interpreter."""

from .interpreter import Interpreter

__all__ = ["Interpreter"]
