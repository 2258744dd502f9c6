import torch
from scipy.spatial import KDTree

from incarnate.avatars.body_start import start_of_maps
from incarnate.avatars.head import thin_axis
from incarnate.geometry.meshes import vertex_normals
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.position_maps import position_maps_of_rig


def test_flat_splats_lie_on_the_rest_surface_and_face_outwards() -> None:
    rig = default_body_rig()
    maps = position_maps_of_rig(rig, 96)
    start = start_of_maps(maps, rig)
    # Blended skinning, undone, puts points of creases a few millimetres off the surface.
    distance, vertex = KDTree(rig.vertices.numpy()).query(start.means.numpy())
    assert torch.tensor(distance).median() < 0.01
    outward = vertex_normals(rig.vertices, rig.faces)[torch.as_tensor(vertex)]
    cosine = (thin_axis(start.quaternions) * outward).sum(-1)
    assert (cosine > 0.7).float().mean() > 0.9
    assert (start.log_scales[:, 2] < start.log_scales[:, 0]).all()
    assert start.log_scales.exp().max() < 0.1
