"""Vietnamese for what officers order, and for what became of a dossier, from codes."""

import re

from bot.dossier.rules import Consequence
from bot.register.lifecycle import CertificateStatus, Verb

VERBS = {
    Verb.ACCEPT: "DUYỆT",
    Verb.RETURN: "TRẢ LẠI",
    Verb.HOLD: "GIỮ",
    Verb.PROPOSE: "ĐỀ NGHỊ",
}

CONSEQUENCES = {  # of a fault, for who decides
    Consequence.NOTE: "không cản trở; chỉ được ghi nhận",
    Consequence.HOLD: "giữ lại chờ quyết định; lệnh DUYỆT bỏ qua điểm này",
    Consequence.RETURN: "trả lại; lệnh DUYỆT không bỏ qua điểm này",
}

UNYIELDING_WORDS = "giữ lại chờ quyết định; chừng nào điểm này còn thì lệnh DUYỆT không có tác dụng"

CERTIFICATES = {  # how one stands
    CertificateStatus.VALID: "đã cấp",
    CertificateStatus.REVOKED: "đã thu hồi",
}

REFUSALS = {  # why nothing came of an order; the rest is in `bot.outbox.refusals`
    "order.none": "thư có chữ ký số của cán bộ nhưng dòng đầu không phải là một lệnh",
    "order.number": "không đọc được số hồ sơ (HS-…) hoặc số đề xuất (DX-…) ở dòng đầu",
    "order.code": "không đọc được mã quyết định (8 chữ và số) sau số hồ sơ",
    "order.rows": "không đọc được danh sách dòng; cách ghi đúng: dòng 1, 3-5",
    "order.reason": "lệnh này phải có lý do cụ thể sau dấu hai chấm, trên cùng dòng đầu, không quá "
    "1.000 ký tự và không có ký tự điều khiển",
    "order.act": "không đọc được nội dung đề xuất sau chữ ĐỀ NGHỊ",
    "order.evidence": "không lấy ra được tệp kèm theo: tệp quá lớn hoặc bị hỏng",
    "order.trial": "thư được gửi tới hộp thư kiểm tra trước; ở đó không lệnh nào được thực hiện",
    "order.replayed": "chính lệnh này đã được nhận trước đó, trong một thư khác",
    "order.undated": "chữ ký số không ghi thời điểm ký",
    "order.old": "lệnh được ký quá lâu trước khi được nhận",
    "order.early": "thời điểm ký muộn hơn lúc nhận được thư: kiểm tra đồng hồ máy tính",
    "order.not_allowed": "vai trò đã đăng ký của cán bộ không được ra lệnh này",
    "order.dossier": "không có hồ sơ mang số này",
    "order.proposal": "không có đề xuất mang số này",
    "order.code_unknown": "mã quyết định không đúng",
    "order.code_other": "mã quyết định thuộc về một hồ sơ hoặc đề xuất khác",
    "order.code_used": "mã quyết định đã được dùng, hoặc đã có mã mới thay thế",
    "order.code_expired": "mã quyết định đã hết hạn. Nếu hồ sơ vẫn đang chờ, mã mới được gửi "
    "trong một thư khác",
    "order.nothing_waits": "hồ sơ không còn nội dung nào chờ quyết định",
    "order.rows_other": "có dòng được nêu không ở trạng thái chờ quyết định",
    "officer.not_in_force": "người ký không còn, hoặc chưa, là cán bộ trong sổ đăng ký vào lúc "
    "nhận được thư",
    "mail.ambiguous": "cấu trúc của thư không rõ ràng nên không xác định được nội dung đã ký",
    "mail.encrypted": "thư đã bị mã hóa",
    "certificate.revoked": "chứng thư của người ký đã bị thu hồi",
    "certificate.expired": "chứng thư của người ký đã hết hạn",
    "certificate.not_yet_valid": "chứng thư của người ký chưa có hiệu lực",
    "certificate.issuer_revoked": "chứng thư của tổ chức cấp chứng thư cho người ký đã bị thu hồi",
    "certificate.untrusted": "chứng thư của người ký không thuộc tổ chức được công nhận",
    "certificate.chain": "không xác thực được chuỗi chứng thư của người ký",
    "certificate.authority": "chứng thư của người ký không phải loại dùng để ký thư",
    "certificate.key_usage": "chứng thư của người ký không phải loại dùng để ký thư",
    "certificate.extended_key_usage": "chứng thư của người ký không phải loại dùng để ký thư",
    "certificate.weak_algorithm": "thuật toán trên chứng thư của người ký không còn an toàn",
    "signature.weak_algorithm": "thuật toán ký không còn an toàn",
    "revocation.unavailable": "chưa tra cứu được trạng thái thu hồi của chứng thư người ký; lệnh "
    "không được thực hiện sau này, nếu vẫn cần hãy gửi lại",
    "mail.too_complex": "thư có quá nhiều chữ ký số hoặc quá nhiều phần",
    "mail.unreadable": "hệ thống không đọc được thư",
}

BASES = {  # what a rule rests on, by how its source begins; standards are called what they are
    "Decree 30/2020": "Nghị định số 30/2020/NĐ-CP về công tác văn thư",
    "Service guidance 2023": "Văn bản hướng dẫn dịch vụ năm 2023",
    "Regulation on renewal": "Quy định về gia hạn chứng thư",
    "House rule": "Quy tắc xử lý hồ sơ của hệ thống",
    "Setting": "Thiết lập của hệ thống",
    "Form": "Biểu mẫu và hướng dẫn điền",
    "Register of agencies": "Sổ đăng ký cơ quan, tổ chức",
    "Register of signers": "Sổ đăng ký người ký",
    "Register of certificates": "Sổ đăng ký chứng thư",
    "Register of subscribers": "Sổ đăng ký thuê bao",
    "Register of dossiers": "Sổ hồ sơ",
    "Structure of the personal identification number": "Cấu trúc số định danh cá nhân",
    "The portal's sheet": "Danh sách mẫu của cổng dịch vụ",
}


def basis(source: str) -> str:
    """What a rule rests on, in Vietnamese; the name of a standard with its clause."""
    named = (words for begins, words in BASES.items() if source.startswith(begins))
    return next(named, re.split("[:;,]", source)[0])


HISTORY = {  # what happened to a dossier, as whoever asks is told
    "dossier.open": "Tiếp nhận, cấp số hồ sơ",
    "dossier.accept": "Thẩm định xong, chuyển giải quyết",
    "dossier.hold": "Chuyển cán bộ xem xét",
    "dossier.return": "Trả lại để hoàn thiện",
    "dossier.withdraw": "Rút theo đề nghị",
    "dossier.complete": "Giải quyết xong",
    "order.accept": "Cán bộ duyệt",
    "order.return": "Cán bộ trả lại",
    "order.hold": "Cán bộ tiếp tục xem xét",
}
