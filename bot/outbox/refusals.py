"""Why nothing came of an officer's order: its code in Vietnamese, with what to do."""

REFUSALS = {
    "officer.role": "vai trò của cán bộ không cho phép đề xuất hoặc ký duyệt đề xuất",
    "proposal.act": "dòng đầu không nêu việc có thể đề xuất",
    "proposal.content": "nội dung đề xuất (JSON) thiếu, sai hoặc có mục không dùng được; lập lại "
    "bằng lệnh của bot",
    "proposal.nobody": "không có cán bộ quản trị nào khác để ký duyệt; đăng ký thêm trước",
    "proposal.own": "người đề xuất không được tự duyệt đề xuất của mình",
    "proposal.closed": "đề xuất đã được trả lời hoặc đã hết hạn; mã chỉ dùng được một lần",
    "proposal.expired": "đề xuất đã hết hạn; đề xuất lại nếu vẫn cần",
    "proposal.proposer": "người đề xuất không còn là cán bộ quản trị",
    "agency.exists": "mã cơ quan đã được đăng ký",
    "agency.unknown": "không có cơ quan nào mang mã này",
    "agency.mailbox": "hộp thư đã thuộc một cơ quan khác",
    "signer.taken": "chứng thư này đang ký cho cơ quan khác hoặc với tư cách khác; chấm dứt trước",
    "signer.officer": "một chứng thư không được vừa là của cán bộ vừa ký cho cơ quan: người đề "
    "nghị không tự quyết định",
    "signer.stands": "người ký đã được đăng ký từ một ngày khác; muốn đổi ngày kết thúc thì không "
    "ghi ngày bắt đầu",
    "period.empty": "ngày kết thúc không sau ngày bắt đầu",
    "enrolment.same": "sổ đăng ký đã ghi đúng như vậy",
    "officer.unknown": "không có cán bộ nào dùng hộp thư này",
    "officer.certificate_taken": "chứng thư này, hoặc khóa của nó, là của cán bộ khác",
    "officer.certificate_dates": "chứng thư của cán bộ đã hết hạn hoặc chưa có hiệu lực",
    "officer.too_few": "sẽ không còn đủ cán bộ quản trị để ký duyệt; đăng ký người thay trước",
    "pause.standing": "việc cấp chứng thư đang tạm dừng sẵn",
    "pause.none": "việc cấp chứng thư không bị tạm dừng",
    "task.not_parked": "việc này không bị dừng, hoặc đã được cho chạy tiếp",
    "serial.unknown": "có số hiệu không phải của chứng thư đã cấp; chưa thu hồi chứng thư nào",
    "conflict": "việc này đã được làm rồi",
    "conflict.state": "việc này đã được làm rồi",
}
