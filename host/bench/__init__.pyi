from .batched import bench_batched as bench_batched
from .core import bench_core as bench_core
from .figure import Figure as Figure
from .link import bench_link as bench_link
from .mesh import bench_mesh as bench_mesh
from .mesh import draw_load as draw_load
